"""OpenSSL's verify codes (x509_vfy.h), as far as it matters what helps against them."""

# Nobody here trusts an issuer of it; an issuer of what is trusted is missing.
NO_ISSUER = (2, 19, 20, 21, 27)
# Its signature is of another key than the one of that name here.
OTHER_KEY = 7
# A certificate of a server that has issued it itself.
SELF_SIGNED = 18
TIMES = {9: "not yet valid", 10: "expired"}
# The store rejects a certificate of the chain.
STORE_REJECTS = 28
# That is no matter of roots.
WRONG_NAME = (62, 64)

"""Coverage-guided fuzzing of the certificate parser.

    python -m pip install 'atheris>=2.3' 'cryptography>=42'
    python tests/quality/fuzz/fuzz_parser.py CORPUS \
        -max_total_time=600 -timeout=10 -rss_limit_mb=1024

CORPUS is a folder that libFuzzer fills; it is created and seeded where it is missing.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "src"))

with atheris.instrument_imports(include=["certifi_system_store_wrapper"]):
    from certifi_system_store_wrapper import parsing
    from certifi_system_store_wrapper.parsing import pem, x509
    from quality.fuzz.seeds import seed_files
    from support.differential import lost


def check(data: bytes) -> None:
    """Assert what must hold for any bytes: no exception, sound blocks, nothing lost in silence."""
    parsed = parsing.parse(data)
    for found in parsed.certificates:
        der = pem.der_of(found.block)
        assert pem.block_of(der) == found.block
        x509.layout(der)
        try:
            x509.facts(der)
        except ValueError:
            pass
        again = parsing.parse(found.block)
        assert [one.block for one in again.certificates] == [found.block]
        assert not again.damage
    assert parsed.known.strict <= {found.block for found in parsed.certificates}
    assert not lost(data), lost(data)


def main() -> None:
    """Seed the corpus folder if need be, and fuzz."""
    for folder in sys.argv[1:]:
        if not folder.startswith("-") and not os.path.isdir(folder):
            os.makedirs(folder)
            for number, data in enumerate(seed_files()):
                with open(os.path.join(folder, f"seed-{number}"), "wb") as file:
                    file.write(data)
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

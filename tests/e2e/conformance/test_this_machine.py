"""The real store of the machine that runs the tests: nothing that OpenSSL trusts is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from certifi_system_store_wrapper.bundle import build
from certifi_system_store_wrapper.parsing.pem import block_of
from certifi_system_store_wrapper.reporting.findings import DISTRUSTED
from certifi_system_store_wrapper.settings import Settings
from support.differential import default_store, signed_part
from support.minting import encode_pem, mint
from support.world import check

pytestmark = pytest.mark.posix("its defaults are stores, not files")


def test_nothing_that_openssl_trusts_is_missing(tmp_path: Path) -> None:
    """Except what is distrusted, or not for servers; and certifi's own are all there."""
    (tmp_path / "cacert.pem").write_bytes(encode_pem(mint("certifi")))
    built = build(Settings(), str(tmp_path / "cacert.pem"))
    check(built, tmp_path / "checked.pem")
    ours = {signed_part(anchor.der) for anchor in built.anchors}
    left_out = {out.block for out in built.excluded}
    missing = [der for der in default_store() if signed_part(der) not in ours]
    assert [der for der in missing if block_of(der) not in left_out] == []
    refused = {out.block for out in built.excluded if out.reason == DISTRUSTED}
    assert not refused & {anchor.block for anchor in built.anchors}
    assert built.anchors[0].der == mint("certifi")

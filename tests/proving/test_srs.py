"""The SRS: files read with suspicion, choices, downloads from servers of every kind, a real proof."""

from __future__ import annotations

import hashlib
import json
import os
import random
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from auditor import ezkl, rules
from auditor.errors import InternalFailure, Undetermined, UsageError
from auditor.guard import Limits
from auditor.proving import srs as srs_package
from auditor.proving.srs import (
    Srs,
    SrsChoice,
    ceremony,
    ceremony_sha256,
    download,
    inspect_srs,
    is_known_public,
    made_here,
    obtain,
    obtain_srs,
    parse_srs,
    public_verifier_srs,
    srs_bytes,
)
from auditor.proving.srs.points import BASE_MODULUS, NotAPoint, check_g1
from auditor.proving.store import Store
from tests.proving import real

LIMITS = Limits(memory_bytes=4 << 30, cpu_seconds=60, wall_seconds=60)
PUBLIC = SrsChoice(kind="public")
LOCAL = SrsChoice(kind="unsafe-local")


def silent(line: str) -> None:
    raise AssertionError(f"nothing was to be said, and not: {line}")


def get(
    choice: SrsChoice, logrows: int, store: Store, note: Callable[[str], None] = lambda line: None
) -> Srs:
    return obtain_srs(choice, logrows, store, limits=LIMITS, note=note)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "cache") as opened:
        yield opened


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A cache in which SRS of k = 6 and 7 were generated, for all tests together."""
    with Store(tmp_path_factory.mktemp("home") / "cache") as opened:
        get(LOCAL, 6, opened)
        get(LOCAL, 7, opened)
        yield opened


@pytest.fixture(scope="module")
def local(home: Store) -> Srs:
    return get(LOCAL, 6, home, silent)


# --- what is known of the ceremony ---------------------------------------------------------


def test_the_ceremony_has_a_file_for_each_of_1_to_26() -> None:
    known = [ceremony_sha256(logrows) for logrows in range(1, 27)]
    assert all(sha256 is not None and len(bytes.fromhex(sha256)) == 32 for sha256 in known)
    assert len(set(known)) == 26
    assert [ceremony_sha256(logrows) for logrows in (-1, 0, 27)] == [None] * 3
    assert ceremony.largest_logrows() == 26


def test_the_verifier_that_is_shipped_is_the_ceremony_s_file_for_1(tmp_path: Path) -> None:
    path = tmp_path / "kzg1.srs"
    path.write_bytes(public_verifier_srs())
    found = inspect_srs(path)
    assert (found.logrows, found.size_bytes, found.sha256) == (1, 516, ceremony_sha256(1))
    assert found.verifier == path.read_bytes()
    assert is_known_public(found.verifier)


def test_a_damaged_rule_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = rules.load("srs", "perpetual_powers_of_tau")
    fields = {**rule.fields, "verifier": rule.fields["verifier"].replace("a", "b", 1)}
    monkeypatch.setattr(
        ceremony,
        "_rule",
        lambda: rules.Rule(kind=rule.kind, name=rule.name, summary="", fields=fields, sources=()),
    )
    with pytest.raises(rules.BadRule, match="damaged"):
        public_verifier_srs.__wrapped__()


# --- files ---------------------------------------------------------------------------------


def test_a_generated_file_is_read_whole(local: Srs) -> None:
    found = inspect_srs(local.path)
    content = local.path.read_bytes()
    assert found.logrows == 6
    assert found.size_bytes == len(content) == srs_bytes(6) == 8452
    assert found.sha256 == hashlib.sha256(content).hexdigest()
    assert found.verifier == local.verifier
    assert len(found.verifier) == srs_package.VERIFIER_BYTES == srs_bytes(1)
    assert not is_known_public(found.verifier)


def test_the_verifier_is_a_file_and_its_own_verifier(local: Srs, tmp_path: Path) -> None:
    path = tmp_path / "verifier.srs"
    path.write_bytes(local.verifier)
    assert inspect_srs(path).verifier == local.verifier


def test_any_other_file_of_the_ceremony_s_secret_has_its_verifier(tmp_path: Path) -> None:
    """The powers and G2 decide; other Lagrange points make another file, not another SRS."""
    public = public_verifier_srs()
    path = tmp_path / "other.srs"
    path.write_bytes(public[:132] + public[4:132] + public[260:])
    found = inspect_srs(path)
    assert found.sha256 != ceremony_sha256(1)
    assert is_known_public(found.verifier)


def test_every_flip_in_what_a_verifier_needs_is_refused(local: Srs, tmp_path: Path) -> None:
    content = local.path.read_bytes()
    path = tmp_path / "flipped.srs"
    looked_at = [*range(132), *range(len(content) - 256, len(content))]
    generator = random.Random(1)
    for position in looked_at:
        flipped = bytearray(content)
        flipped[position] ^= 1 << generator.randrange(8)
        path.write_bytes(flipped)
        with pytest.raises(UsageError, match=r"is damaged|is no SRS"):
            inspect_srs(path)


def test_every_other_flip_makes_another_hash(local: Srs, tmp_path: Path) -> None:
    content = local.path.read_bytes()
    path = tmp_path / "flipped.srs"
    generator = random.Random(2)
    for _ in range(300):
        flipped = bytearray(content)
        flipped[generator.randrange(132, len(content) - 256)] ^= 1 << generator.randrange(8)
        path.write_bytes(flipped)
        found = inspect_srs(path)
        assert found.sha256 != local.sha256
        assert found.verifier == local.verifier


def test_every_truncation_is_refused_with_the_size_it_should_have(tmp_path: Path) -> None:
    path = tmp_path / "short.srs"
    whole = public_verifier_srs()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(UsageError, match="which are 516 bytes" if length >= 4 else "is no SRS"):
            inspect_srs(path)
    path.write_bytes(whole + b"\0")
    with pytest.raises(UsageError, match="which are 516 bytes, and has 517"):
        inspect_srs(path)


@pytest.mark.parametrize("logrows", [0, 29, 1 << 31, (1 << 32) - 1])
def test_a_header_that_no_srs_has(tmp_path: Path, logrows: int) -> None:
    path = tmp_path / "header.srs"
    path.write_bytes(logrows.to_bytes(4, "little") + public_verifier_srs()[4:])
    with pytest.raises(UsageError, match="is no SRS"):
        inspect_srs(path)


def test_random_bytes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "random.srs"
    generator = random.Random(3)
    for _ in range(200):
        path.write_bytes(generator.randbytes(generator.choice([0, 3, 4, 516, 8452, 1000])))
        with pytest.raises(UsageError):
            inspect_srs(path)


def test_a_huge_file_that_is_no_srs_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "sparse.srs"
    with path.open("wb") as file:
        file.write((28).to_bytes(4, "little"))
        file.truncate(srs_bytes(28))
    with pytest.raises(UsageError, match="is damaged: a point is not on the curve"):
        inspect_srs(path)


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    whole = tmp_path / "whole.srs"
    whole.write_bytes(public_verifier_srs())
    link, fifo = tmp_path / "link.srs", tmp_path / "fifo.srs"
    link.symlink_to(whole)
    os.mkfifo(fifo)
    for path in (link, fifo, tmp_path, Path("/dev/zero"), tmp_path / "none", Path("a\0b"), Path("x" * 5000)):
        with pytest.raises(UsageError, match=r"cannot be read|not a regular file"):
            inspect_srs(path)


def test_a_hostile_name_is_shown_harmless(tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[31m\n.srs"
    path.write_bytes(b"x")
    with pytest.raises(UsageError) as raised:
        inspect_srs(path)
    assert str(raised.value).isprintable()


def test_a_coordinate_plus_the_modulus_is_another_spelling_and_refused() -> None:
    point = public_verifier_srs()[4:68]
    check_g1(point)
    x = int.from_bytes(point[:32], "little") + BASE_MODULUS
    with pytest.raises(NotAPoint, match="modulus"):
        check_g1(x.to_bytes(32, "little") + point[32:])
    with pytest.raises(NotAPoint, match="curve"):
        check_g1(bytes(64))


# --- the words of the command line ---------------------------------------------------------


def test_the_words_and_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert parse_srs("public", None) == PUBLIC
    assert parse_srs("unsafe-local", None) == LOCAL
    monkeypatch.chdir(tmp_path)
    (tmp_path / "public").write_bytes(b"")
    (tmp_path / "link").symlink_to("public")
    real_path = (tmp_path / "public").resolve()
    assert parse_srs("./public", None) == SrsChoice(kind="file", path=real_path)
    assert parse_srs("link", "AB" * 32) == SrsChoice(kind="file", path=real_path, sha256="ab" * 32)


@pytest.mark.parametrize(
    ("text", "sha256", "complaint"),
    [
        ("no-such-file", None, "there is no file 'no-such-file'"),
        ("Public", None, "there is no file 'Public'"),
        ("", None, "there is no file ''"),
        ("a\0b", None, "there is no file"),
        ("x" * 5000, None, "there is no file"),
        ("loop", None, "there is no file"),
        ("public", "00" * 32, "pins a file, and --srs public is none"),
        ("unsafe-local", "00" * 32, "pins a file, and --srs unsafe-local is none"),
        ("file", "00" * 31, "no SHA-256"),
        ("file", "0g" * 32, "no SHA-256"),
        ("file", "00" * 32 + "\n", "no SHA-256"),
        ("public", "", "no SHA-256"),
    ],
)
def test_words_that_mean_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, sha256: str | None, complaint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UsageError, match=complaint):
        parse_srs(text, sha256)


# --- a file of the user's ------------------------------------------------------------------


def copy_of(srs: Srs, directory: Path) -> Path:
    path = directory / "mine.srs"
    path.write_bytes(srs.path.read_bytes())
    return path


def test_an_unknown_file_is_refused_with_both_hashes_and_the_way_to_pin_it(
    local: Srs, store: Store, tmp_path: Path
) -> None:
    choice = parse_srs(str(copy_of(local, tmp_path)))
    with pytest.raises(UsageError, match=r"not the ceremony's for k=6") as raised:
        get(choice, 6, store)
    assert str(ceremony_sha256(6)) in raised.value.message
    assert local.sha256 in raised.value.message
    assert f"--srs-sha256 {local.sha256}" in (raised.value.hint or "")
    assert "gen-srs" in (raised.value.hint or "")


def test_a_pinned_file_is_used_where_it_lies(local: Srs, store: Store, tmp_path: Path) -> None:
    path = copy_of(local, tmp_path)
    found = get(parse_srs(str(path), local.sha256.upper()), 6, store, silent)
    assert found == Srs(
        kind="pinned", path=path.resolve(), logrows=6, sha256=local.sha256, verifier=local.verifier
    )
    assert not found.unsafe


def test_a_file_that_is_not_the_pinned_one(local: Srs, store: Store, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not the pinned one") as raised:
        get(parse_srs(str(copy_of(local, tmp_path)), "ab" * 32), 6, store)
    assert local.sha256 in raised.value.message
    assert "ab" * 32 in raised.value.message


def test_a_file_that_was_made_here_stays_unsafe_when_it_is_pinned(
    local: Srs, home: Store, tmp_path: Path
) -> None:
    said: list[str] = []
    found = get(parse_srs(str(copy_of(local, tmp_path)), local.sha256), 6, home, said.append)
    assert found.unsafe
    assert ["unsafe" in line for line in said] == [True]


def test_a_file_that_is_too_small(local: Srs, store: Store, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is for k=6, and this circuit needs k=9"):
        get(parse_srs(str(copy_of(local, tmp_path)), local.sha256), 9, store)


def test_a_larger_file_is_used_and_said_so(local: Srs, store: Store, tmp_path: Path) -> None:
    said: list[str] = []
    found = get(parse_srs(str(copy_of(local, tmp_path)), local.sha256), 5, store, said.append)
    assert found.logrows == 6
    assert len(said) == 1
    assert "k=6: EZKL cuts it down to k=5" in said[0]


def test_a_file_of_the_ceremony_is_public(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "kzg1.srs"
    path.write_bytes(public_verifier_srs())
    found = get(parse_srs(str(path)), 1, store, silent)
    assert (found.kind, found.sha256) == ("public", ceremony_sha256(1))
    assert get(parse_srs(str(path), ceremony_sha256(1)), 1, store, silent).kind == "public"
    with pytest.raises(UsageError, match="not the pinned one"):
        get(parse_srs(str(path), "00" * 32), 1, store)


def test_a_larger_file_of_the_ceremony_is_public(
    local: Srs, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(obtain, "ceremony_sha256", {6: local.sha256}.get)
    said: list[str] = []
    found = get(parse_srs(str(copy_of(local, tmp_path))), 5, store, said.append)
    assert (found.kind, found.logrows, len(said)) == ("public", 6, 1)


def test_a_file_larger_than_any_of_the_ceremony(
    local: Srs, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(obtain, "ceremony_sha256", {}.get)
    with pytest.raises(UsageError, match="which has none of that size"):
        get(parse_srs(str(copy_of(local, tmp_path))), 6, store)


def test_a_damaged_file_is_refused_with_the_bytes_it_should_have(
    local: Srs, store: Store, tmp_path: Path
) -> None:
    path = copy_of(local, tmp_path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UsageError, match=r"k=6, which are 8,452 bytes, and has 8,451"):
        get(parse_srs(str(path), local.sha256), 6, store)


# --- generated here ------------------------------------------------------------------------


def test_a_generated_srs_is_kept_and_remembered(local: Srs, home: Store, store: Store) -> None:
    again = get(LOCAL, 6, home, silent)
    assert again == local
    assert local.unsafe
    assert made_here(local.verifier, home)
    assert not made_here(local.verifier, store)
    assert not made_here(public_verifier_srs(), home)


def test_a_larger_one_is_not_used_for_a_smaller_circuit(local: Srs, home: Store) -> None:
    larger = get(LOCAL, 7, home, silent)
    assert (larger.logrows, local.logrows) == (7, 6)
    assert larger.verifier != local.verifier


def test_it_is_remembered_after_it_was_pruned(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        verifier = get(LOCAL, 6, store).verifier
    with Store(tmp_path) as store:
        assert store.prune(keep_bytes=0).count == 1
        assert made_here(verifier, store)
        assert get(LOCAL, 6, store).verifier != verifier
        assert made_here(verifier, store)


def test_a_damaged_one_is_made_again(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        first = get(LOCAL, 6, store)
    first.path.chmod(0o600)
    content = bytearray(first.path.read_bytes())
    content[-1] ^= 1
    first.path.write_bytes(content)
    with Store(tmp_path) as store:
        second = get(LOCAL, 6, store)
    assert second.sha256 != first.sha256
    assert inspect_srs(second.path).sha256 == second.sha256


def test_what_ezkl_refuses_is_one_error_and_leaves_nothing(store: Store) -> None:
    with pytest.raises(InternalFailure, match="generating an SRS for k=29 failed"):
        get(LOCAL, 29, store)
    assert store.entries() == ()


def test_without_memory_it_is_one_error(store: Store) -> None:
    limits = Limits(memory_bytes=1 << 30, cpu_seconds=60, wall_seconds=60)
    with pytest.raises(InternalFailure, match="memory"):
        obtain_srs(LOCAL, 24, store, limits=limits, note=lambda line: None)
    assert store.entries() == ()


# --- downloaded ----------------------------------------------------------------------------


class _Server(BaseHTTPRequestHandler):
    """Serves the ceremony's file for 1 in the way that the first part of the path names."""

    protocol_version = "HTTP/1.1"
    patience = threading.Event()
    asked: list[str]

    def do_GET(self) -> None:
        type(self).asked.append(self.path)
        manner = self.path.split("/")[1]
        content = public_verifier_srs()
        match manner:
            case "wrong":
                content = content[:-1] + b"\0"
            case "long":
                content += b"\0"
            case "missing":
                return self.send_error(404)
            case "elsewhere":
                return self._redirect("/right/kzg1.srs")
            case "astray":
                return self._redirect("file:///etc/passwd")
            case "circle":
                return self._redirect(self.path)
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        if manner == "truncated":
            content = content[:100]
        if manner == "silent":
            self.patience.wait(20)
        for byte in content if manner == "slow" else []:
            self.wfile.write(bytes([byte]))
            if self.patience.wait(0.02):
                return None
        if manner != "slow":
            self.wfile.write(content)
        return None

    def _redirect(self, where: str) -> None:
        self.send_response(302)
        self.send_header("Location", where)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server on this machine; no other is reached, with or without a proxy."""
    monkeypatch.setattr(_Server, "patience", threading.Event())
    monkeypatch.setattr(_Server, "asked", [], raising=False)
    monkeypatch.setenv("no_proxy", "*")
    listening = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    listening.handle_error = lambda *_: None  # type: ignore[method-assign]  # we hang up on some
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    address = f"http://127.0.0.1:{listening.server_port}"
    monkeypatch.setattr(download, "public_addresses", lambda logrows: [f"{address}/first/{logrows}"])
    try:
        yield address
    finally:
        _Server.patience.set()
        listening.shutdown()
        thread.join()
        listening.server_close()


def refused_address() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def from_addresses(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    monkeypatch.setattr(download, "public_addresses", lambda logrows: list(addresses))


def test_the_public_srs_is_downloaded_once(tmp_path: Path, server: str) -> None:
    said: list[str] = []
    steps: list[tuple[int, int]] = []
    for _ in range(2):
        with Store(tmp_path) as store:
            found = obtain_srs(
                PUBLIC,
                1,
                store,
                limits=LIMITS,
                note=said.append,
                progress=lambda done, total: steps.append((done, total)),
            )
        assert (found.kind, found.logrows, found.unsafe) == ("public", 1, False)
        assert found.path.read_bytes() == found.verifier == public_verifier_srs()
    assert said == ["downloading the public SRS for k=1 (516 bytes)"]
    assert steps[-1] == (516, 516)
    assert steps == sorted(steps)
    assert _Server.asked == ["/first/1"]


def test_a_mirror_is_asked_first(store: Store, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDITOR_SRS_MIRROR", f"{server}/right/")
    get(PUBLIC, 1, store)
    assert _Server.asked == ["/right/kzg1.srs"]


def test_a_redirection_is_followed(store: Store, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from_addresses(monkeypatch, f"{server}/elsewhere/1")
    get(PUBLIC, 1, store)
    assert _Server.asked == ["/elsewhere/1", "/right/kzg1.srs"]


@pytest.mark.parametrize(
    ("manner", "reason"),
    [
        ("wrong", "serves another file"),
        ("long", "serves more than the 516 bytes"),
        ("truncated", "100"),
        ("missing", "HTTP status 404"),
        ("silent", "timed out"),
        ("slow", "too slow"),
        ("astray", "redirect|not allowed|HTTP status 302"),
        ("circle", "HTTP status 302"),
    ],
)
def test_the_next_address_is_tried_when_one_fails(
    store: Store, server: str, monkeypatch: pytest.MonkeyPatch, manner: str, reason: str
) -> None:
    monkeypatch.setattr(download, "SILENCE_SECONDS", 0.3)
    from_addresses(monkeypatch, f"{server}/{manner}/1")
    with pytest.raises(Undetermined, match=reason):
        get(PUBLIC, 1, store)
    assert store.entries() == ()
    from_addresses(monkeypatch, f"{server}/{manner}/1", f"{server}/right/1")
    assert get(PUBLIC, 1, store).path.read_bytes() == public_verifier_srs()


def test_offline_one_error_names_every_address_and_the_ways_out(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    addresses = [f"{refused_address()}/a", f"{refused_address()}/b"]
    from_addresses(monkeypatch, *addresses)
    with pytest.raises(Undetermined) as raised:
        get(PUBLIC, 11, store)
    for words in (*addresses, "k=11", "refused"):
        assert words in raised.value.message
    assert "--srs PATH" in (raised.value.hint or "")
    assert "--srs unsafe-local" in (raised.value.hint or "")
    assert raised.value.exit_code == 3
    assert store.entries() == ()


@pytest.mark.parametrize(
    "mirror", ["file:///etc", "ftp://host/x", "host/x", "http://", "http://[x", "https:"]
)
def test_a_mirror_that_is_no_address(store: Store, monkeypatch: pytest.MonkeyPatch, mirror: str) -> None:
    monkeypatch.setenv("AUDITOR_SRS_MIRROR", mirror)
    with pytest.raises(UsageError, match="AUDITOR_SRS_MIRROR"):
        get(PUBLIC, 1, store)


@pytest.mark.parametrize(
    "mirror", ["http://a b", "http://127.0.0.1:port", "http://" + "ü" * 80, "http://x\ny"]
)
def test_a_mirror_that_nobody_can_reach_is_passed_over(
    store: Store, server: str, monkeypatch: pytest.MonkeyPatch, mirror: str
) -> None:
    monkeypatch.setenv("AUDITOR_SRS_MIRROR", mirror)
    get(PUBLIC, 1, store)
    assert _Server.asked == ["/first/1"]


def test_the_ceremony_is_not_large_enough_for_every_circuit(store: Store) -> None:
    with pytest.raises(UsageError, match="k=1 to 26, and this circuit needs k=27"):
        get(PUBLIC, 27, store, silent)


def test_a_full_disk_is_said_to_be_full(store: Store, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def __enter__(self) -> Full:
            return self

        def __exit__(self, *_: object) -> None: ...

        def write(self, chunk: bytes) -> None:
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", lambda self, mode: Full())
        with pytest.raises(InternalFailure, match="is full"):
            get(PUBLIC, 1, store)
    assert store.entries() == ()


# --- a real proof --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def proved(home: Store, tmp_path_factory: pytest.TempPathFactory) -> tuple[real.Proved, Srs]:
    directory = tmp_path_factory.mktemp("proof")
    srs = get(LOCAL, real.TINY.logrows, home)
    return real.prove(directory, real.dense(directory / "model.onnx"), srs.path), srs


def verify(proved: real.Proved, verifier: bytes) -> None:
    directory = proved.directory
    (directory / "proof.json").write_bytes(proved.proof)
    (directory / "settings.json").write_text(json.dumps(proved.settings), encoding="utf-8")
    (directory / "verifier.srs").write_bytes(verifier)
    real.ask(
        "verify",
        proof=str(directory / "proof.json"),
        settings=str(directory / "settings.json"),
        verifying_key=str(proved.verifying_key),
        srs=str(directory / "verifier.srs"),
    )


def test_the_verifier_s_bytes_are_all_that_verifying_needs(proved: tuple[real.Proved, Srs]) -> None:
    proof, srs = proved
    verify(proof, srs.verifier)


def test_a_proof_under_a_local_srs_does_not_hold_under_another(
    proved: tuple[real.Proved, Srs], local: Srs
) -> None:
    for verifier in (public_verifier_srs(), local.verifier):
        with pytest.raises(ezkl.Rejected):
            verify(proved[0], verifier)

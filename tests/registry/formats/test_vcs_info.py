import pytest

from registry.formats.vcs_info import VcsInfo, read_vcs_info

SHA = "5f2c8e0d9b7a41c36e8d0f1a2b3c4d5e6f708192"


def test_it_reads_what_cargo_writes() -> None:
    record = {"git": {"sha1": SHA}, "path_in_vcs": "crates/hello"}

    assert read_vcs_info(record) == VcsInfo(sha=SHA, dirty=False, path="crates/hello")


def test_it_reads_that_files_differed_from_the_commit() -> None:
    record = {"git": {"sha1": SHA, "dirty": True}, "path_in_vcs": ""}

    assert read_vcs_info(record) == VcsInfo(sha=SHA, dirty=True, path="")


@pytest.mark.parametrize(
    "record",
    [
        None,
        [],
        {},
        {"git": None},
        {"git": SHA},
        {"git": {"sha1": 1}},
        {"git": {"sha1": "main"}},
        {"git": {"sha1": f"{SHA}\n"}},
        {"git": {"sha1": SHA[:7]}},
    ],
)
def test_it_finds_no_commit_in_anything_else(record: object) -> None:
    assert read_vcs_info(record) is None


def test_a_path_of_another_type_counts_as_none() -> None:
    info = read_vcs_info({"git": {"sha1": SHA}, "path_in_vcs": ["a"]})

    assert info == VcsInfo(sha=SHA, dirty=False, path="")

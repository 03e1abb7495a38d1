"""The checks of the files themselves, each shown a fault that it must find."""

from __future__ import annotations

import json
import subprocess

import pytest

HASH = "--hash=sha256:" + "0" * 64


@pytest.fixture
def requirements(tmp_path, monkeypatch):
    from checks import sources

    monkeypatch.setattr(sources, "REQUIREMENTS", tmp_path)
    (tmp_path / "dev.in").write_text("-r gateway.in\npytest\n")
    (tmp_path / "gateway.in").write_text("# why\nFlask_Thing[async]>=3\n")
    (tmp_path / "dev.txt").write_text(f"flask-thing==3.1 \\\n    {HASH}\npytest==9.0 \\\n    {HASH}\n")
    (tmp_path / "gateway.txt").write_text(f"flask-thing==3.1 \\\n    {HASH}\n    # via -r gateway.in\n")
    return tmp_path


def locks():
    from checks import sources

    return sources.locks()


def test_locks_that_match_their_sources_pass(requirements):
    assert locks() == ""


def test_what_is_locked_beside_the_rest_counts_as_there(requirements):
    (requirements / "sdk.in").write_text("a-kit\n")
    (requirements / "sdk.txt").write_text(f"a-kit==1.0 \\\n    {HASH}\n")
    assert locks() == ""
    (requirements / "sdk.txt").write_text(f"a-kit==1.0 \\\n    {HASH}\nflask-thing==3.0 \\\n    {HASH}\n")
    assert "sdk.txt has flask-thing 3.0, dev.txt 3.1" in locks()


def test_a_name_that_is_not_locked_is_found(requirements):
    (requirements / "dev.in").write_text("-r gateway.in\npytest\nhypothesis\n")
    assert "dev.in asks for hypothesis, which dev.txt has not" in locks()


def test_a_package_without_a_hash_is_found(requirements):
    (requirements / "gateway.txt").write_text("flask-thing==3.1\n")
    assert "no exact version or no hash: flask-thing==3.1" in locks()


def test_two_versions_of_one_package_are_found(requirements):
    (requirements / "gateway.txt").write_text(f"flask-thing==3.0 \\\n    {HASH}\n")
    assert "gateway.txt has flask-thing 3.0, dev.txt 3.1" in locks()


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("see https://py" + "pi.org/simple", "package index"),
        ("folder = '/ro" + "ot/x'", "path of one machine"),
        ("# TO" + "DO later", "work left open"),
    ],
)
def test_words_that_have_no_place_are_found_with_file_and_line(tmp_path, monkeypatch, line, what):
    import _workshop
    from checks import sources

    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / "module.py").write_text(f"fine = 1\n{line}\n")
    monkeypatch.setattr(_workshop, "ROOT", tmp_path)
    assert sources.words().startswith("module.py:2: ")
    assert what in sources.words()


def test_imports_that_the_programs_on_top_may_not_have_are_found(tmp_path, monkeypatch):
    import _workshop
    from checks import sources

    (tmp_path / "wsgi.py").write_text("import os\n")
    (tmp_path / "predictor.py").write_text("import os\n\n\ndef late():\n    from grpc import aio\n")
    monkeypatch.setattr(_workshop, "ROOT", tmp_path)
    assert sources.edges() == "predictor.py:5: imports grpc"


def test_every_check_runs_also_after_one_failed(monkeypatch, capsys):
    import checks

    ran = []

    def fails():
        ran.append("first")
        return "line 1\nline 2"

    def passes():
        ran.append("second")
        return ""

    monkeypatch.setattr(checks, "CHECKS", {"first": fails, "second": passes})
    assert checks.run(["first", "second"]) == 1
    assert ran == ["first", "second"]
    assert "1 of 2 checks passed" in capsys.readouterr().out


def test_a_check_that_cannot_be_made_here_is_skipped_with_its_reason(monkeypatch, capsys):
    import checks
    from checks import tools

    def cannot():
        raise tools.Skipped("nobody answers")

    monkeypatch.setattr(checks, "CHECKS", {"first": cannot})
    assert checks.run(["first"]) == 0
    printed = capsys.readouterr().out
    assert "nobody answers" in printed
    assert "0 of 1 checks passed, 1 skipped" in printed


VULNERABLE = {
    "name": "flask",
    "version": "0.12",
    "vulns": [{"id": "PYSEC-2018-66", "fix_versions": ["0.12.3"]}],
}


def test_a_vulnerability_is_named_with_its_package_and_the_version_that_mends_it():
    from checks import security

    report = json.dumps({"dependencies": [VULNERABLE, {"name": "idna", "version": "3", "vulns": []}]})
    (line,) = security.vulnerabilities(report, "")
    assert line == "flask 0.12: PYSEC-2018-66, fixed in 0.12.3"


@pytest.mark.parametrize(
    "report",
    ["", json.dumps({"dependencies": [{"name": "flask", "skip_reason": "not found on the index"}]})],
    ids=["no answer", "no package known"],
)
def test_an_audit_without_a_list_of_vulnerabilities_is_skipped(report):
    from checks import security, tools

    with pytest.raises(tools.Skipped, match="vulnerabilit"):
        security.vulnerabilities(report, "ConnectionError: no route")


def test_a_package_of_an_environment_of_its_own_may_have_another_version(requirements):
    (requirements / "security.in").write_text("Flask_Thing\n")
    (requirements / "security.txt").write_text(f"flask-thing==2.0 \\\n    {HASH}\n")
    assert locks() == ""


def test_the_documents_tables_are_those_of_the_code():
    from checks import tools

    assert tools.tables() == ""


def test_a_document_without_a_place_for_a_table_is_refused():
    import _tables

    with pytest.raises(_tables.NoMarkers, match="settings"):
        _tables.renewed("# nothing here", {"settings": "a table"})


def test_every_variable_and_every_exit_code_is_in_the_tables():
    import _tables
    from neuronserve import exitcodes, settings
    from neuronserve.deploy import exits

    tables = _tables.tables()
    listed = tables["docs/settings.md"]["settings"]
    assert all(f"| `{variable.name}` |" in listed for variable in settings.variables())
    assert all(f"| {code} |" in tables["README.md"]["exit-codes"] for code in exitcodes.MEANINGS)
    assert all(f"| {code} |" in tables["docs/ecs.md"]["exit-codes"] for code in exits.MEANINGS)

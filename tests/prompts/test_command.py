"""`manage.py prompts`: what is pulled is pushed unchanged, and an edited text becomes a version."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
import yaml
from django.core.management import CommandError, call_command

from llm.models import Organisation, RegistryStamp
from prompts.models import Prompt
from prompts.transfer.folder import Folder, FolderRefused, reduced
from prompts.writing.labelling import move, standing, whole
from tests.prompts.conftest import ADA, Save


def prompts(*arguments: str | Path) -> tuple[str, str]:
    """Standard output and standard error."""
    out, err = io.StringIO(), io.StringIO()
    call_command("prompts", *map(str, arguments), stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def ending(*arguments: str | Path) -> int:
    """The exit code."""
    try:
        prompts(*arguments)
    except SystemExit as end:
        return int(end.code or 0)
    except CommandError as error:
        return error.returncode
    return 0


@pytest.fixture
def pulled(greeting: Prompt, save: Save, tmp_path: Path) -> Path:
    """One prompt of four versions: the second in production, the newest in staging."""
    for number in range(1, 5):
        save(f"Hello number {number},\ndear {{{{ customer }}}}")
    move(greeting, "production", whole(2), ADA, reason="go")
    move(greeting, "staging", whole(4), ADA)
    prompts("pull", tmp_path / "kept")
    return tmp_path / "kept"


def edit(folder: Path, before: str, after: str) -> None:
    file = folder / "greeting.yaml"
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


def test_what_is_pulled_is_pushed_unchanged(pulled: Path) -> None:
    assert prompts("push", pulled) == ("", "Nothing to change.\n")
    assert prompts("pull", pulled) == ("", "Nothing to change.\n")
    assert ending("diff", pulled) == 0


def test_a_file_has_the_newest_version_and_those_of_labels(pulled: Path) -> None:
    (told,) = yaml.safe_load((pulled / "greeting.yaml").read_text())["prompts"]
    assert [version["version"] for version in told["versions"]] == [2, 4]
    assert not {"author", "created_at", "model"} & set(told["versions"][0])
    assert "content: |-\n" in (pulled / "greeting.yaml").read_text()


@pytest.mark.usefixtures("acme")
def test_a_split_keeps_all_of_its_versions() -> None:
    versions = [{"version": number} for number in range(1, 7)]
    split = [{"version": 1, "weight": 1}, {"version": 3, "weight": 1}]
    kept = reduced({"versions": versions, "labels": {"a": {"split": split}, "b": {"version": 4}}})
    assert [version["version"] for version in kept["versions"]] == [1, 3, 4, 6]


@pytest.mark.parametrize("number", ["", "version: 5\n    "])
def test_a_changed_newest_text_becomes_a_version(pulled: Path, greeting: Prompt, number: str) -> None:
    edit(pulled, "- version: 4\n    ", f"- {number}")
    edit(pulled, "Hello number 4", "Hello again")
    assert prompts("push", pulled)[0].splitlines() == ["greeting: version 5 is new"]
    assert [row.number for row in greeting.versions.all()] == [5, 4, 3, 2, 1]
    assert prompts("push", pulled)[1] == "Nothing to change.\n"


def test_a_changed_text_under_its_old_number_is_refused_with_a_way_out(pulled: Path, greeting: Prompt) -> None:
    edit(pulled, "Hello number 4", "Hello again")
    with pytest.raises(CommandError, match=r"greeting\.yaml: prompts\[0\]\.versions\[1\]\.version: .*Leave out"):
        prompts("push", pulled)
    assert greeting.versions.count() == 4


def test_diff_tells_word_by_word_and_ends_with_1(
    pulled: Path, greeting: Prompt, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(pulled, "- version: 4", "- version: 5")
    edit(pulled, "Hello number 4", "Good morning number 4")
    edit(pulled, "    production:\n      version: 2", "    production:\n      version: 5")
    out = io.StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("prompts", "diff", str(pulled), stdout=out, stderr=io.StringIO())
    assert end.value.code == 1
    assert "[-Hello-]{+Good morning+} number 4" in out.getvalue()
    assert "greeting: production moves to version 5" in out.getvalue()
    assert greeting.versions.count() == 4


def test_diff_ends_with_2_where_it_cannot_tell(pulled: Path) -> None:
    edit(pulled, "format:", "fromat:")
    assert (ending("diff", pulled), ending("push", pulled)) == (2, 1)


def test_a_push_moves_labels_for_the_reason_said(pulled: Path, greeting: Prompt) -> None:
    edit(pulled, "    production:\n      version: 2", "    production:\n      version: 4")
    prompts("push", pulled, "--reason", "kinder")
    assert standing(greeting, "production") == whole(4)
    move_made = greeting.moves.first()
    assert move_made is not None
    assert (move_made.reason, move_made.author.endswith("(command)")) == ("kinder", True)


def test_one_bad_file_and_nothing_is_pushed(pulled: Path) -> None:
    (pulled / "another.yaml").write_text("prompts: [{name: another}]")
    (pulled / "zero.yaml").write_text(
        "prompts: [{name: zero, versions: [{messages: [{role: user, content: '{{ x }}'}]}]}]"
    )
    with pytest.raises(
        CommandError, match=r"zero\.yaml: prompts\[0\]\.versions\[0\]\.messages\[0\]\.content: .*no variable x"
    ):
        prompts("push", pulled)
    assert Prompt.objects.count() == 1


def test_a_dry_run_writes_neither_rows_nor_files(pulled: Path, greeting: Prompt, save: Save) -> None:
    stamp = RegistryStamp.read()
    edit(pulled, "description: ''", "description: Warm")
    assert prompts("push", pulled, "--dry-run") == (
        "greeting: is described anew\n",
        "1 change to make; nothing was changed.\n",
    )
    before = (pulled / "greeting.yaml").read_text()
    assert prompts("pull", pulled, "--dry-run")[0] == "greeting.yaml is changed\n"
    assert (pulled / "greeting.yaml").read_text() == before
    greeting.refresh_from_db()
    assert (greeting.description, RegistryStamp.read()) == ("", stamp)


def test_json_is_one_list(pulled: Path) -> None:
    edit(pulled, "description: ''", "description: Warm")
    (change,) = json.loads(prompts("push", pulled, "--json")[0])
    assert (change["prompt"], change["what"]) == ("greeting", "is described anew")


def test_files_go_to_another_installation_with_their_numbers(pulled: Path) -> None:
    Organisation.objects.create(name="globex")
    prompts("push", pulled, "--organisation", "globex")
    there = Prompt.objects.get(organisation__name="globex")
    assert (there.newest, standing(there, "production")) == (4, whole(2))
    prompts("push", pulled, "--shared")
    assert Prompt.objects.get(organisation=None).newest == 4


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "..", "", "a/b", "a\x00b", ".hidden"])
def test_no_name_leads_out_of_the_folder(pulled: Path, name: str) -> None:
    (pulled.parent / "x.yaml").write_text("prompts: [{name: x}]")
    with pytest.raises(CommandError, match="names no prompt"):
        prompts("push", pulled, "--name", name)
    with pytest.raises(CommandError, match="There is no prompt"):
        prompts("pull", pulled, "--name", name)


def test_no_link_leads_out_of_the_folder(pulled: Path) -> None:
    outside = pulled.parent / "outside.yaml"
    outside.write_text("secret")
    (pulled / "greeting.yaml").unlink()
    (pulled / "greeting.yaml").symlink_to(outside)
    for action in ("push", "pull"):
        with pytest.raises(CommandError, match="leads out of the folder"):
            prompts(action, pulled)
    assert outside.read_text() == "secret"


@pytest.mark.parametrize(
    "said", ["prompts: []", "prompts: [{name: other}]", "prompts: [{name: ../x}]", "a: 1", "prompts: 1"]
)
def test_a_file_holds_the_one_prompt_of_its_name(pulled: Path, said: str) -> None:
    (pulled / "greeting.yaml").write_text(said)
    with pytest.raises(CommandError, match="something else than one prompt"):
        prompts("push", pulled)


def test_a_file_that_is_no_yaml_is_named(pulled: Path) -> None:
    (pulled / "greeting.yaml").write_text("a: !!python/object/apply:os.system [echo]")
    with pytest.raises(CommandError, match=r"greeting\.yaml: .*type tags"):
        prompts("push", pulled)


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(FolderRefused):
        Folder(tmp_path / "nothing").names()

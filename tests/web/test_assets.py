"""Static files: one address per build, and third-party files exactly as recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.server.paths import resource
from app.web.assets import Assets, vendor_problems

STATIC = resource("static")


def a_tree(root: Path) -> Path:
    for name, content in {"js/main.js": "1", "css/base.css": "2", "src/notes.md": "3"}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


class TestAddress:
    def test_an_address_carries_the_hash_of_the_tree(self, tmp_path: Path) -> None:
        assets = Assets(a_tree(tmp_path))
        assert assets.url("js/main.js") == f"/static/b/{assets.build}/js/main.js"
        assert len(assets.build) == 12

    def test_the_hash_changes_with_any_served_file(self, tmp_path: Path) -> None:
        before = Assets(a_tree(tmp_path)).build
        (tmp_path / "css" / "base.css").write_text("other")
        assert Assets(tmp_path).build != before

    def test_the_hash_changes_when_a_file_moves(self, tmp_path: Path) -> None:
        before = Assets(a_tree(tmp_path)).build
        (tmp_path / "css" / "base.css").rename(tmp_path / "css" / "root.css")
        assert Assets(tmp_path).build != before

    def test_the_bundles_sources_do_not_count(self, tmp_path: Path) -> None:
        before = Assets(a_tree(tmp_path)).build
        (tmp_path / "src" / "notes.md").write_text("other")
        assert Assets(tmp_path).build == before

    def test_a_missing_file_fails_while_rendering(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match=r"gone\.js"):
            Assets(a_tree(tmp_path)).url("gone.js")


class TestVendor:
    def test_every_third_party_file_is_as_recorded(self) -> None:
        assert vendor_problems(STATIC) == []

    def test_every_third_party_file_has_its_licence_beside_it(self) -> None:
        licences = {path.name for path in STATIC.rglob("*LICENSE*")}
        assert {"geist-LICENSE.txt", "geist-mono-LICENSE.txt", "lucide-LICENSE.txt"} <= licences
        assert "ia-writer-quattro-LICENSE.txt" in licences

    def test_a_changed_an_absent_and_an_unlisted_file_are_named(self, tmp_path: Path) -> None:
        vendor = tmp_path / "vendor"
        vendor.mkdir()
        (tmp_path / "icons").mkdir()
        (tmp_path / "icons" / "sprite.svg").write_text("<svg/>")
        (vendor / "one.js").write_text("1")
        entry = (
            '[[file]]\nname="a"\nversion="1"\nsource="s"\nlicence="MIT"\nfile="{}"\nsha256="0"\n'
        )
        toml = entry.format("one.js") + entry.format("two.js") + '[[file]]\nfile="three.js"\n'
        (vendor / "VENDOR.toml").write_text(toml)
        problems = "\n".join(vendor_problems(tmp_path))
        assert "one.js differs" in problems
        assert "two.js does not exist" in problems
        assert "three.js: no licence, name" in problems
        assert "sprite.svg is not listed" in problems

    def test_nothing_is_fetched_from_elsewhere(self) -> None:
        ours = [*STATIC.glob("css/*.css"), *STATIC.glob("js/**/*.js")]
        assert ours
        for path in ours:
            text = path.read_text("utf-8").replace("http://www.w3.org/", "")
            assert "http://" not in text, path
            assert "https://" not in text, path

"""The two that are compared, as folders: the base, a revision, and the head, the checkout as it lies there; both built.

Knows git and how the package is built. Writes nothing into the checkout, nor into its repository.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

BUILD_TIMEOUT = 300  # seconds
VARIABLE = "SSESCAN_GUARD_BASE"
MAIN = "origin/main"
NEEDED = ("src", "benchmarks", "setup.py", "pyproject.toml", "README.md", "LICENSE")

# What GitHub gives for the commit before the first push of a branch.
NO_COMMIT = "0" * 40


class RevisionError(Exception):
    """A revision that was asked for is not there."""


class BuildError(Exception):
    """A tree could not be built."""


class Base(NamedTuple):
    """The revision to compare with, and why that; or none, and why none."""

    commit: str | None
    why: str


class Repository:
    """A checkout, with its history where it has one."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def git(self, *arguments: str, **variables: str) -> bytes:
        """Run git in the checkout, give what it prints. CalledProcessError where it fails."""
        return subprocess.run(
            ["git", *arguments], cwd=self.root, env={**os.environ, **variables}, capture_output=True, check=True
        ).stdout

    def text(self, *arguments: str) -> str | None:
        """Give what git prints, None where it fails or is not there."""
        try:
            return self.git(*arguments).decode().strip()
        except (OSError, subprocess.CalledProcessError):
            return None

    def commit(self, revision: str) -> str | None:
        """Give the hash of the commit that a revision names, None if it names none here."""
        return self.text("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")

    @cached_property
    def has_history(self) -> bool:
        """Whether the folder is the top of a checkout: a tarball may have been unpacked within another's."""
        top = self.text("rev-parse", "--show-toplevel")
        return top is not None and Path(top).resolve() == self.root.resolve()

    @property
    def shallow(self) -> bool:
        return self.text("rev-parse", "--is-shallow-repository") == "true"

    @property
    def changed(self) -> bool:
        """Whether what lies there is something else than HEAD."""
        return bool(self.text("status", "--porcelain"))

    def is_ancestor(self, commit: str, of: str) -> bool:
        """Tell whether a commit is another, or came before it."""
        return self.text("merge-base", "--is-ancestor", commit, of) is not None

    def tags_with(self, commit: str) -> list[str]:
        """Give the tags that contain a commit."""
        return (self.text("tag", "--contains", commit) or "").split()

    def tree_of_head(self, scratch: Path) -> str:
        """Make a tree of the checkout as it lies there, with what is new and not ignored; in `scratch`, not in .git."""
        objects, found = scratch / "objects", self.git("rev-parse", "--git-path", "objects").decode().strip()
        objects.mkdir(exist_ok=True)
        variables = {
            "GIT_INDEX_FILE": str(scratch / "index"),
            "GIT_OBJECT_DIRECTORY": str(objects),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(self.root / found),
        }
        self.git("read-tree", "HEAD", **variables)
        self.git("add", "--all", **variables)
        return self.git("write-tree", **variables).decode().strip()

    def unpack(self, tree: str, folder: Path, scratch: Path | None = None) -> None:
        """Write the files of a tree, or of a commit, to a folder."""
        variables = {}
        if scratch is not None:
            variables["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = str(scratch / "objects")
        with tarfile.open(fileobj=BytesIO(self.git("archive", "--format=tar", tree, **variables))) as archive:
            archive.extractall(folder, filter="data")


def choose(repository: Repository, given: str | None, environment: Mapping[str, str]) -> Base:
    """Choose the base. RevisionError where one was asked for, and is not there."""
    asked = given or environment.get(VARIABLE, "").strip()
    source = "--base" if given else VARIABLE
    if asked and asked != NO_COMMIT:
        commit = repository.commit(asked) if repository.has_history else None
        if commit is None:
            raise RevisionError(
                f"{source} is to be a revision of this repository, and {asked!r} is none: fetch it (git fetch "
                "--unshallow, or fetch-depth: 0 for actions/checkout), or name another"
            )
        return Base(commit, f"{source} {asked}")
    if not repository.has_history:
        return Base(None, "this is no git checkout")
    head = repository.commit("HEAD")
    if head is None:
        return Base(None, "nothing has been committed")
    common = repository.text("merge-base", MAIN, "HEAD")
    if common and common != head:
        return Base(common, f"where this branch left {MAIN}")
    if repository.changed:
        return Base(head, "HEAD, for the checkout has changes")
    parent = repository.commit("HEAD^")
    if parent is None:
        return Base(None, "the clone is shallow" if repository.shallow else "HEAD is the first commit")
    return Base(parent, "HEAD^")


class Built(NamedTuple):
    """A tree that was built."""

    root: Path

    @property
    def package(self) -> Path:
        return self.root / "src"

    @property
    def benchmarks(self) -> Path:
        return self.root / "benchmarks"


def built(repository: Repository, scratch: Path, commit: str | None) -> Built:
    """Give a commit, or for None the checkout as it lies there, unpacked and built; once for the same files.

    The folder is named by its tree, so that all paths are of one length: the lengths of paths are seen in the counts.
    """
    without_git = commit is None and (not repository.has_history or repository.commit("HEAD") is None)
    if without_git:
        tree = NO_COMMIT
    elif commit is None:
        tree = repository.tree_of_head(scratch)
    else:
        tree = repository.git("rev-parse", f"{commit}^{{tree}}").decode().strip()
    root = scratch / tree[:16]
    done = root / ".built"
    if done.exists() and not without_git:
        return Built(root)
    if without_git:
        copy_files(repository.root, root)
    else:
        repository.unpack(tree, root, None if commit else scratch)
    build(root)
    done.touch()
    return Built(root)


def copy_files(source: Path, root: Path) -> None:
    """Copy what is built and counted, where there is no git to tell what belongs to the checkout."""
    ignored = shutil.ignore_patterns("__pycache__", "*.so", "_compiled.c", "*.egg-info", "node_modules")
    root.mkdir(exist_ok=True)
    for name in NEEDED:
        if (source / name).is_dir():
            shutil.copytree(source / name, root / name, ignore=ignored, dirs_exist_ok=True)
        else:
            shutil.copy(source / name, root / name)


def build(root: Path) -> None:
    """Build the extension where the sources are, with the flags of its setup.py. BuildError where that fails."""
    environment = {**os.environ, "SSESCAN_BUILD_EXTENSION": "yes"}
    command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    try:
        done = subprocess.run(
            command, cwd=root, env=environment, capture_output=True, text=True, timeout=BUILD_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise BuildError(f"the build was not over after {BUILD_TIMEOUT} s") from error
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise BuildError("\n".join(lines[-20:]) or f"setup.py ended with {done.returncode}")
    # All bytecode beforehand: whether it must be made is seen in how memory is laid out.
    folders = [name for name in ("src", "benchmarks") if (root / name).exists()]
    subprocess.run([sys.executable, "-m", "compileall", "-q", *folders], cwd=root, check=False, capture_output=True)

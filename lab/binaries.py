"""The lab's servers, built from Go modules once and kept in a cache folder outside the work tree.

    python -m lab.binaries control-plane|controllers|versitygw|all

prints their paths on standard output. The folder's name is a digest of everything the binaries depend on, so a fresh
clone uses what another one built. A build that is killed leaves nothing behind that could be taken for a binary.
"""

import contextlib
import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .build_progress import Progress
from .toolchain import TOOLS, ToolMissingError, go, go_environment


@dataclass(frozen=True, slots=True)
class Product:
    """Binaries built together. `commands` maps an import path to the file name Go gives it."""

    module: str
    commands: dict[str, str]


PRODUCTS = {
    "control-plane": Product(
        "control-plane",
        {"k8s.io/kubernetes/cmd/kube-apiserver": "kube-apiserver", "go.etcd.io/etcd/server/v3": "server"},
    ),
    "controllers": Product(
        "control-plane", {"k8s.io/kubernetes/cmd/kube-controller-manager": "kube-controller-manager"}
    ),
    "versitygw": Product("versitygw", {"github.com/versity/versitygw/cmd/versitygw": "versitygw"}),
}


def ensure(name: str, products: Mapping[str, Product] = PRODUCTS) -> dict[str, Path]:
    """The product's binaries by file name, built first where they are not there yet.

    Raises ToolMissingError without a Go toolchain, RuntimeError with the compiler's words where a build fails.
    """
    product = products[name]
    home = _cache() / f"{name}-{_digest(product)}"
    if not home.is_dir():
        with _locked(_cache() / f"{name}.lock", name):
            if not home.is_dir():
                _build(name, product, home)
    return {file: home / file for file in product.commands.values()}


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "recording-storage-operator"


def _flags(product: Product) -> list[str]:
    """The version is stamped in: clients compare theirs with the server's. No debug information: a third faster."""
    stamps = ""
    match = re.search(r"^\s*k8s\.io/kubernetes (v\S+)", (TOOLS / product.module / "go.mod").read_text(), re.MULTILINE)
    if match:
        packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
        stamps = "".join(f" -X {package}.gitVersion={match[1]}" for package in packages)
    return ["-trimpath", "-gcflags=all=-dwarf=false", f"-ldflags=-s -w{stamps}"]


def _digest(product: Product) -> str:
    parts = [(TOOLS / product.module / file).read_text() for file in ("go.mod", "go.sum")]
    parts += [*_flags(product), *product.commands, platform.system(), platform.machine()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


@contextlib.contextmanager
def _locked(path: Path, name: str) -> Iterator[None]:
    """One build of a product at a time, over all processes of this user. The kernel frees the lock of a dead holder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"{name}: another process is building it, waiting for that", file=sys.stderr, flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(name: str, product: Product, home: Path) -> None:
    """Build into a folder of another name, then rename it. Called under the product's lock.

    The name is new each time: Go may outlive a killed build and still write to the old one.
    """
    for left_over in home.parent.glob(f"{name}.unfinished-*"):
        shutil.rmtree(left_over, ignore_errors=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f"{name}.unfinished-", dir=home.parent))
    command = go()
    with Progress(name, cores=os.cpu_count() or 1) as progress:
        progress.expect(_stale_packages(command, product, progress))
        _go(command, ["build", "-v", *_flags(product), "-o", f"{unfinished}/", *product.commands], product, progress)
    unfinished.rename(home)


def _stale_packages(command: Path, product: Product, progress: Progress) -> int:
    """How many packages the build cache lacks. Downloads the modules first, which `progress` counts."""
    template = "{{if .Stale}}{{.ImportPath}}{{end}}"
    listed = _go(command, ["list", "-deps", "-f", template, *_flags(product), *product.commands], product, progress)
    return len(listed.split())


def _go(command: Path, arguments: list[str], product: Product, progress: Progress) -> str:
    """Run a Go command in the product's module, its standard error told to `progress`. Returns its standard output."""
    process = subprocess.Popen(
        [str(command), *arguments],
        cwd=TOOLS / product.module,
        env=go_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process, progress.reading(process) as words:
        assert process.stdout is not None
        answer = process.stdout.read()
    if process.returncode:
        raise RuntimeError(f"go {arguments[0]} failed with code {process.returncode}:\n" + "".join(words[-40:]))
    return answer


def main() -> int:
    """Print the paths of the products named on the command line."""
    names = list(PRODUCTS) if sys.argv[1:] == ["all"] else sys.argv[1:]
    if not names or not set(names) <= set(PRODUCTS):
        print(f"usage: python -m lab.binaries {'|'.join(PRODUCTS)}|all", file=sys.stderr)
        return 2
    try:
        for name in names:
            for path in ensure(name).values():
                print(path)
    except (ToolMissingError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

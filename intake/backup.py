"""Backup and restore of an SQLite installation: database, attachments, directory overlay.

The database is copied with SQLite's own online backup, so a backup under load is consistent. The
sealing keys never travel with it. PostgreSQL has its own tools (`docs/operations.md`).
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import tarfile
import tempfile
from datetime import datetime
from pathlib import Path

from intake.errors import SetupRefused
from intake.settings import Settings
from intake.store.engine import Store
from intake.timeline import verify

_DATABASE = "tiepdan.sqlite3"
_MANIFEST = "manifest.json"
_FOLDERS = ("attachments", "directory")


def back_up(settings: Settings, target: Path, *, now: datetime) -> dict[str, object]:
    """Write a backup; returns its manifest (entries and head of the timeline, digests).

    Raises:
        SetupRefused: the target exists, or the database is PostgreSQL.
    """
    store = Store(settings.effective_database_url)
    if not store.is_sqlite:
        raise SetupRefused(reason="back up PostgreSQL with pg_dump or WAL archiving")
    if target.exists():
        raise SetupRefused(reason="the target exists already")
    with store.read() as tx:
        chain = verify(tx)
    partial = target.with_name(target.name + ".partial")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / _DATABASE
        with sqlite3.connect(str(store.url.database)) as origin, sqlite3.connect(copy) as goal:
            origin.backup(goal)
        manifest: dict[str, object] = {
            "made_at": now.isoformat(),
            "entries": chain.entries,
            "head": chain.head,
            "sha256": hashlib.sha256(copy.read_bytes()).hexdigest(),
        }
        (Path(folder) / _MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
        with tarfile.open(partial, "w") as archive:
            archive.add(Path(folder) / _MANIFEST, _MANIFEST)
            archive.add(copy, _DATABASE)
            for name in _FOLDERS:
                if (settings.data_dir / name).is_dir():
                    archive.add(settings.data_dir / name, name)
    partial.replace(target)
    return manifest


def restore_backup(settings: Settings, source: Path) -> dict[str, object]:
    """Restore into an empty data folder and check what was restored.

    Raises:
        SetupRefused: the folder holds a database, or the backup is damaged.
    """
    goal = settings.data_dir / _DATABASE
    if goal.exists():
        raise SetupRefused(reason="the data folder holds a database already")
    try:
        with tempfile.TemporaryDirectory() as folder:
            with tarfile.open(source) as archive:
                archive.extractall(folder, filter="data")
            manifest: dict[str, object] = json.loads(
                (Path(folder) / _MANIFEST).read_text(encoding="utf-8")
            )
            copy = Path(folder) / _DATABASE
            if hashlib.sha256(copy.read_bytes()).hexdigest() != manifest["sha256"]:
                raise SetupRefused(reason="the backup is damaged")
            settings.data_dir.mkdir(parents=True, exist_ok=True)
            for name in _FOLDERS:
                if (Path(folder) / name).is_dir():
                    shutil.copytree(
                        Path(folder) / name, settings.data_dir / name, dirs_exist_ok=True
                    )
            shutil.copyfile(copy, goal)
    except (OSError, KeyError, ValueError, tarfile.TarError) as error:
        raise SetupRefused(reason="the file is no backup of this program") from error
    with Store(f"sqlite:///{goal}").read() as tx:
        chain = verify(tx)
    if chain.head != manifest["head"]:
        raise SetupRefused(reason="the restored timeline does not match the backup's manifest")
    return manifest

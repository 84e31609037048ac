"""Which engine counts registers, as the options of a command say; nothing heavy is imported."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.registers.spark import SparkEngine


def declare(parser: argparse.ArgumentParser) -> None:
    """The options of a command that may read registers on many machines."""
    parser.add_argument("--engine", choices=["duckdb", "spark"], default="duckdb",
                        help="what counts registers: this machine, or Apache Spark")  # fmt: skip
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--remote", metavar="URL", help="of a Spark Connect server: sc://host:15002")
    where.add_argument("--master", metavar="URL", help="of a Spark master: spark://host:7077")
    parser.add_argument("--files-at", metavar="PREFIX",
                        help="where the cluster sees the project: s3a://bucket/folder")  # fmt: skip


def engine_of(args: argparse.Namespace) -> SparkEngine | None:
    """The engine that the options ask for; None for this machine."""
    if args.engine == "duckdb":
        return None
    from pipeline.registers.spark import SparkEngine

    if args.master is not None:
        return SparkEngine(args.master, True, args.files_at)
    return SparkEngine(args.remote or "sc://localhost", False, args.files_at)

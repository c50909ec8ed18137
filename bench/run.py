#!/usr/bin/env python3
"""Measures Davit beside the floor and its peers, all interleaved in one run; see README.md beside this file.

Prints a table and writes out/latest.json. Needs root, gcc and libseccomp-dev; crun and podman where they are installed.
"""

import argparse
import json
import os
import pathlib
import signal
import sys

import rig as rigs
from agent import Agent
from contenders import Failure
from rows import DAVIT, ROWS, result

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
OUTPUT = rigs.SOURCES / "out" / "latest.json"


class Bench:
    """One run: its options, its rig, and the agent, started by the first row that wants it."""

    def __init__(self, options):
        self.seed, self.cpu, self.pause = options.seed, options.cpu, options.pause / 1000
        self.options = options
        self.rig = rigs.Rig(options.directory)
        self.started = {}

    def rounds(self, row):
        return self.options.iterations or row.iterations

    def agent(self, name="agent", prepare=lambda agent: None):
        """The running agent of a name, prepared once; a `Failure` that was met once is met again at once."""
        if name not in self.started:
            try:
                drivers = self.options.drivers or [self.options.davitd]
                self.started[name] = Agent(self.rig, self.options.davitd, drivers, name)
                prepare(self.started[name])
            except Failure as failure:
                self.started[name] = failure
        if isinstance(self.started[name], Failure):
            raise self.started[name]
        return self.started[name]


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--row", choices=[row.name for row in ROWS], help="this row only")
    parser.add_argument("--davitd", type=pathlib.Path, default=REPOSITORY / ".build/release", metavar="DIRECTORY",
                        help="where davitd, davit-monitor and davit-image are (default: .build/release)")
    parser.add_argument("--drivers", type=pathlib.Path, action="append", metavar="DIRECTORY",
                        help="where drivers are, may be repeated (default: as --davitd)")
    parser.add_argument("--directory", default="/tmp", help="scratch space, on ext4 for comparable figures")
    parser.add_argument("--iterations", type=int, help="rounds of every row, instead of its own number")
    parser.add_argument("--seed", type=int, default=2, help="of the random order")
    parser.add_argument("--pause", type=float, default=5, metavar="MS",
                        help="between turns, so that one's deferred clean-up is not in the next one's time")
    parser.add_argument("--cpu", type=int, metavar="N", help="ping rows: client and servers on this one CPU")
    return parser.parse_args()


def number(value):
    return "-" if value is None else f"{value:.2f}" if value < 1000 else f"{value:.0f}"


def cells(row):
    """A row of the table: medians with p95, then Davit's ratio to each."""
    def both(one):
        return f"{number(one['median'])} / {number(one['p95'])}" if one else "-"

    def ratio(name):
        return f"{row['ratios'][name]:.3f}x" if name in row["ratios"] else "-"

    crun, podman = (row["peers"].get(name) for name in PEERS)
    others = ", ".join(f"{name} {both(one)} {ratio(name)}" for name, one in row["peers"].items() if name not in PEERS)
    met = {True: "yes", False: "NO", None: "-"}[row["met"]]
    return [
        row["name"], row["unit"], str(row["n"]), both(row[DAVIT]), both(row["floor"]), both(crun), both(podman),
        ratio("floor"), ratio("crun"), ratio("podman"), others or "-", met, row["goal"],
    ]


HEADER = [
    "row", "unit", "n", "davit med / p95", "floor med / p95", "crun med / p95", "podman med / p95", "/floor", "/crun",
    "/podman", "others", "met", "goal",
]
#: With columns of their own.
PEERS = ["crun", "podman"]


def print_table(rows):
    lines = [HEADER, *map(cells, rows)]
    widths = [max(map(len, column)) for column in zip(*lines)]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())


def write_results(rows):
    """An array with one object a line, replaced in one step."""
    OUTPUT.parent.mkdir(exist_ok=True)
    partial = OUTPUT.with_suffix(".partial")
    partial.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
    partial.replace(OUTPUT)


def interrupted(number, _):
    """As Ctrl-C: the stack unwinds and everything made is removed."""
    sys.exit(128 + number)


def main():
    options = parse_options()
    if os.geteuid() != 0:
        sys.exit("run.py: namespaces, overlays and cgroups need root")
    signal.signal(signal.SIGTERM, interrupted)
    signal.signal(signal.SIGINT, interrupted)
    bench = Bench(options)
    try:
        rows = [result(row, row.measure(bench)) for row in ROWS if options.row in (None, row.name)]
    except Failure as failure:
        sys.exit(f"run.py: {failure}")
    finally:
        bench.rig.close()
    print_table(rows)
    write_results(rows)


main()

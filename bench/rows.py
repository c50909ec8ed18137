"""What is measured: a row has contenders, a unit, and goals against them."""

import dataclasses
import operator
import os
import random
import statistics
import sys
import time

import contenders
from contenders import Failure

DAVIT = "davit"


@dataclasses.dataclass
class Goal:
    """A bound on Davit's median: as a multiple of a contender's, or (`against` is None) in the row's unit."""

    against: str | None
    relation: str
    bound: float
    words: str

    def met(self, medians):
        """True or false; None when somebody it needs was not measured."""
        if DAVIT not in medians or (self.against and self.against not in medians):
            return None
        reference = medians[self.against] if self.against else 1
        relation = {"<=": operator.le, ">=": operator.ge}[self.relation]
        return relation(medians[DAVIT], self.bound * reference)


class Row:
    """One line of the table. A subclass names its contenders; the first that is not Davit is the floor."""

    name: str
    unit: str
    iterations: int
    warmups = 0
    goals: list[Goal]

    def contenders(self, bench):
        """Pairs of a name and a function that makes the contender, or throws why it cannot take part."""
        raise NotImplementedError

    def measure(self, bench):
        """Values by contender: everybody once a round, in a new random order each round, warm-ups dropped."""
        ready = {}
        for name, make in self.contenders(bench):
            self.admit(ready, name, make)
        values = {name: [] for name in ready}
        dice = random.Random(bench.seed)
        for turn in range(self.warmups + bench.rounds(self)):
            for name in dice.sample(list(ready), len(ready)):
                value = self.take(ready, name)
                settle(bench.pause)
                if turn >= self.warmups and value is not None:
                    values[name].append(value)
        return {name: values[name] for name in ready}

    def take(self, ready, name):
        """One value; who fails once is out of the row, with all of its values."""
        try:
            return ready[name].once()
        except Failure as failure:
            print(f"{self.name}: {name} failed: {failure}", file=sys.stderr)
            del ready[name]
            return None

    def admit(self, ready, name, make):
        try:
            ready[name] = make()
        except Failure as failure:
            print(f"{self.name}: no {name}: {failure}", file=sys.stderr)


def settle(pause):
    """Lets deferred work end and written data reach the disk, so that one's turn is not paid for by the next one."""
    os.sync()
    time.sleep(pause)


class ContainerRun(Row):
    name, unit, iterations, warmups = "container.run", "ms", 100, 5
    goals = [
        Goal("floor", "<=", 2.0, "at most 2.0x the floor"),
        Goal("crun", "<=", 0.4, "at most 0.4x crun"),
        Goal("podman", "<=", 1 / 15, "at most 1/15 of podman"),
    ]

    def contenders(self, bench):
        return [
            (DAVIT, lambda: bench.agent().runner()),
            ("floor", lambda: contenders.floor(bench.rig)),
            ("crun", lambda: contenders.crun(bench.rig)),
            ("podman", lambda: contenders.podman(bench.rig)),
        ]


class BridgedRun(Row):
    """As `container.run`, on a bridge: the floor makes a veth and gives it an address and a route."""

    name, unit, iterations, warmups = "container.run.bridge", "ms", 100, 5
    goals = [
        Goal("floor", "<=", 1.5, "at most 1.5x the floor"),
        Goal("podman", "<=", 1 / 40, "at most 1/40 of podman"),
    ]

    def contenders(self, bench):
        return [
            (DAVIT, lambda: bench.agent().runner("bridge")),
            ("floor", lambda: contenders.floor(bench.rig, "veth")),
            ("podman", lambda: contenders.podman(bench.rig, "bridge")),
        ]


class SustainedStarts(Row):
    """Clients that start containers on the bridge as fast as they can."""

    name, unit, iterations, warmups = "starts.sustained.bridge", "/s", 10, 1
    clients, starts = 32, 320
    goals = [Goal("floor", ">=", 0.6, "at least 0.6x the floor")]

    def contenders(self, bench):
        return [
            (DAVIT, lambda: bench.agent().crowd("bridge", self.clients, self.starts)),
            ("floor", lambda: contenders.floor_crowd(bench.rig, self.clients, self.starts)),
        ]


class PortAdd(Row):
    """One port more with 10,000 there, and with ten: two agents, each in a network namespace of its own."""

    name, unit, iterations, warmups = "port.add", "us", 100, 5
    few, many = 10, 10_000
    together, remove = 1, True
    flat = Goal("ten", "<=", 1.25, "with 10,000 ports at most 1.25x with 10")
    goals = [flat]

    def contenders(self, bench):
        return [
            (DAVIT, lambda: self.adder(bench, self.many)),
            ("floor", lambda: contenders.port_elements(bench.rig, self.many, self.together)),
            ("ten", lambda: self.adder(bench, self.few)),
        ]

    def adder(self, bench, present):
        agent = bench.agent(f"ports-{present}", lambda agent: agent.publish(present))
        return agent.port_adder(self.together, self.remove)


class PortsAdd(PortAdd):
    """A hundred ports more in one request: the time of each."""

    name, together = "port.add.hundred", 100
    goals = [PortAdd.flat, Goal(None, "<=", 100, "at most 100 us")]


class LastingPortAdd(PortAdd):
    """One port more of a container whose record is on the disk."""

    name, remove = "port.add.lasting", False


class Exec(Row):
    """A program in a running container; the floor is nsenter."""

    name, unit, iterations, warmups = "exec", "ms", 100, 5
    goals = [Goal("crun", "<=", 0.5, "at most 0.5x crun exec")]

    def contenders(self, bench):
        return [
            (DAVIT, lambda: bench.agent().executor()),
            ("floor", lambda: contenders.nsenter(bench.rig, bench.agent().held()[1])),
            ("crun", lambda: contenders.crun_exec(bench.rig)),
        ]


class Ping(Row):
    name, unit, iterations, warmups = "ping", "/s", 30, 2
    pipeline = 1
    goals = [Goal("floor", ">=", 0.5, "at least 0.5x the floor")]

    def contenders(self, bench):
        return [
            (DAVIT, lambda: bench.agent().rate(self.pipeline, bench.cpu)),
            ("floor", lambda: contenders.echo(bench.rig, self.pipeline, bench.cpu)),
        ]


class PingPipelined(Ping):
    name, pipeline = "ping.pipelined", 64
    goals = [Goal(None, ">=", 100_000, "at least 100000/s")]


class Samples(Row):
    """A row of Davit alone, whose values come all at once."""

    def samples(self, agent, count):
        raise NotImplementedError

    def measure(self, bench):
        try:
            return {DAVIT: self.samples(bench.agent(), bench.rounds(self))}
        except Failure as failure:
            print(f"{self.name}: no {DAVIT}: {failure}", file=sys.stderr)
            return {}


class IdleMemory(Samples):
    name, unit, iterations = "davitd.rss", "MB", 10
    goals = [Goal(None, "<=", 20, "at most 20 MB")]

    def samples(self, agent, count):
        values = []
        for _ in range(count):
            time.sleep(0.2)
            values.append(agent.resident_megabytes())
        return values


class MonitorMemory(Samples):
    name, unit, iterations = "monitor.pss", "kB", 200
    goals = [Goal(None, "<=", 40, "at most 40 kB with 200 running")]

    def samples(self, agent, count):
        running = agent.hold(count)
        try:
            values = agent.monitor_kilobytes()
        finally:
            agent.release(running)
        if len(values) < count:
            raise Failure(f"{len(values)} monitors found for {count} containers")
        return values


class Log(Row):
    """What a program writes, through its pipe into the log: lines of 100 bytes by a C program."""

    name, unit, iterations, warmups = "log", "GB/s", 20, 2
    mebibytes = 256
    goals = [Goal("floor", ">=", 0.5, "at least 0.5x a plain copy")]

    def contenders(self, bench):
        return [
            (DAVIT, lambda: bench.agent().logger(self.mebibytes)),
            ("floor", lambda: contenders.log_copy(bench.rig, self.mebibytes)),
        ]


class Stats(Samples):
    name, unit, iterations = "stats", "ms", 30
    containers = 200
    goals = [Goal(None, "<=", 20, "at most 20 ms for 200 containers")]

    def samples(self, agent, count):
        running = agent.hold(self.containers)
        try:
            return agent.stats_milliseconds(count)
        finally:
            agent.release(running)


#: In the order in which they run: the agent is idle before it has run anything.
ROWS = [
    IdleMemory(), ContainerRun(), BridgedRun(), SustainedStarts(), PortAdd(), PortsAdd(), LastingPortAdd(), Exec(), Ping(),
    PingPipelined(), MonitorMemory(), Log(), Stats(),
]


def summary(values):
    """Count, median and 95th percentile (nearest rank) of one contender."""
    rank = max(0, -(-95 * len(values) // 100) - 1)
    return {"n": len(values), "median": statistics.median(values), "p95": sorted(values)[rank]}


def result(row, values):
    """The object of a row for latest.json. `met` is null when a goal's contender is missing."""
    summaries = {name: summary(numbers) for name, numbers in values.items() if numbers}
    medians = {name: one["median"] for name, one in summaries.items()}
    met = [goal.met(medians) for goal in row.goals]
    own = medians.get(DAVIT)
    others = [name for name in summaries if name != DAVIT]
    return {
        "name": row.name, "unit": row.unit, "n": max((one["n"] for one in summaries.values()), default=0),
        DAVIT: summaries.get(DAVIT), "floor": summaries.get("floor"),
        "peers": {name: summaries[name] for name in others if name != "floor"},
        "ratios": {name: own / medians[name] for name in others} if own is not None else {},
        "goal": "; ".join(goal.words for goal in row.goals),
        "met": False if False in met else None if None in met else True,
    }

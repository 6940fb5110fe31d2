"""One look at this host, in the order in which each finding needs the last: cards, holders, their units, their APIs."""

from __future__ import annotations

import socket
from collections.abc import Callable

from console.finding import containers, programs, sockets
from console.finding.found import Control, Instance, Survey, Unit
from console.finding.gpus import cards
from console.finding.holders import Held, Holders
from console.finding.metering import metered
from console.finding.units import control as systemd_control
from console.finding.units import idle, running
from console.model import Batch, Reading
from console.text import clean
from console.workloads.background import Background
from console.workloads.proctable import ProcessTable

Say = Callable[[str], None]


def survey(batch: Batch, supervisor_socket: str = "", say: Say = lambda _: None) -> Survey:
    """What holds the GPUs of ``batch``, who starts and stops that, and how its output is read. Changes nothing.

    ``say`` is told what is being looked at, for a person who waits.
    """
    say("asking supervisord, systemd and docker")
    controls, units, notes = programs.listed(programs.sockets(supervisor_socket))
    holdings, of_containers = containers.listed()
    clients = {client.pid for reading in batch.readings for client in reading.clients or ()}
    table = ProcessTable.read(clients | {pid for unit in units for pid in unit.pids})
    known = (*units, *running(one for pid in clients if (one := table.get(pid)) is not None))
    held = Holders(table, known, holdings, Background()).sorted_out(batch.readings)
    say("asking what listens")
    instances, api_notes = metered(held.units, batch.readings, sockets.listening())
    more, idle_notes = _idle(batch.readings, held.units, units)
    return Survey(
        host=clean(socket.gethostname().partition(".")[0], 40),
        cards=cards(batch),
        controls=_controls(controls, instances, more, contained=bool(holdings)),
        instances=instances,
        strangers=tuple(sorted(held.strangers, key=lambda one: one.slots)),
        idle=more,
        notes=tuple(note for note in (*notes, of_containers, *idle_notes, *api_notes) if note),
    )


def _idle(
    readings: tuple[Reading, ...], held: tuple[Held, ...], known: tuple[Unit, ...]
) -> tuple[tuple[Unit, ...], tuple[str, ...]]:
    """Units that hold nothing now and might be workloads all the same: programs of supervisord, and of systemd those
    that are named like ours."""
    taken = frozenset((one.controller, one.unit) for one in held)
    units, notes = idle([reading.slot for reading in readings], taken)
    waiting = (unit for unit in known if (unit.controller, unit.name) not in taken and not unit.pids)
    return (*waiting, *units), notes


def _controls(
    answering: tuple[Control, ...], instances: tuple[Instance, ...], more: tuple[Unit, ...], *, contained: bool = False
) -> tuple[Control, ...]:
    """The controllers that a config needs: full control is asked for only where it runs something on a GPU now.

    Docker's also where containers that were given GPUs (``contained``) are all strangers': without it they are seen
    only while they compute.
    """
    running, waiting = {one.controller for one in instances}, {unit.controller for unit in more}
    if contained:
        running.add(containers.NAME)
    possible = (*answering, systemd_control("system"), systemd_control("user"), containers.control())
    return tuple(one for one in possible if one.name in running or (one.name in waiting and not one.full_control))

"""What is wrong with containers before anything is flipped: who else would start them.

Docker's restart policies (https://docs.docker.com/engine/containers/start-containers-automatically/): ``always`` brings
a container back when the daemon starts, also one that was stopped by hand; ``unless-stopped`` one that was not;
``on-failure`` one that ends with an error, but not when the daemon starts. Podman has the same words and starts such
containers at boot, by podman-restart.service; it changes policies since 5.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from console.workloads.contract import Fault

WITH_DAEMON = frozenset({"always", "unless-stopped"})


def policy_faults(policies: Mapping[str, str], names: Mapping[str, str], engine: str) -> Iterator[Fault]:
    """Sentences on the restart policies of units that may share a GPU, and whose containers have these ``names``."""
    for unit, policy in policies.items():
        mended = mended_by(engine, names[unit])
        if policy == "always":
            text = (
                f"{unit} has --restart=always, so it comes back with the daemon after a flip has stopped it: {mended}"
            )
            yield Fault(units=(unit,), sentence=text, refuses=True)
        elif policy == "unless-stopped":
            text = f"{unit} has --restart=unless-stopped, so it starts with the daemon: {mended}"
            yield Fault(units=(unit,), sentence=text)
        elif policy == "on-failure":
            text = f"{unit} has --restart=on-failure, so it may come back in the middle of a flip: {mended}"
            yield Fault(units=(unit,), sentence=text)
    together = sorted(unit for unit, policy in policies.items() if policy in WITH_DAEMON)
    if len(together) > 1:
        text = f"{' and '.join(together)} all start with {engine}: give all but one --restart=no"
        yield Fault(units=tuple(together), sentence=text, refuses=True)


def mended_by(engine: str, name: str) -> str:
    """The command after which a container starts only when it is told to."""
    since = " (Podman 5.1 or later; before that, create it anew)" if engine == "podman" else ""
    return f"{engine} update --restart=no {name}{since}"

"""``changeover demo``: the console on a simulated farm. Nothing of this machine is read or touched.

Only the operator's own keys and theme hold here too; what he chooses in the demo is not kept.
"""

from __future__ import annotations

from console.commands.flags import add_theme, parser, theme
from console.commands.screen import has_screen

SUMMARY = "the console on a simulated farm"


def main(argv: list[str]) -> int:
    """Run the demo until it is quit. Without a terminal it prints one snapshot."""
    flags = parser("demo", "The console on a simulated farm; nothing of this machine is read or touched.")
    flags.add_argument("--gpus", type=int, default=8, metavar="N", help="1 to 256 GPUs (8)")
    flags.add_argument("--seed", type=int, default=7, metavar="S", help="the same seed makes the same farm (7)")
    flags.add_argument("--speed", type=float, default=1.0, metavar="X", help="simulated seconds per second (1)")
    flags.add_argument("--scenario", choices=("calm", "stormy"), default="calm", help="stormy: things go wrong")
    flags.add_argument("--json", action="store_true", help="one snapshot as JSON instead of the screen")
    add_theme(flags)
    args = flags.parse_args(argv)
    name = theme(flags, args)
    if not 1 <= args.gpus <= 256:
        flags.error(f"--gpus: found {args.gpus}, expected 1 to 256")
    if not 0.1 <= args.speed <= 100:
        flags.error(f"--speed: found {args.speed:g}, expected 0.1 to 100")
    if args.config:
        flags.error("--config: the demo brings its own; leave the flag out")
    from contextlib import closing

    from console.commands import own, surroundings
    from console.commands.opening import ended_tidily, settled
    from console.demo import open_farm

    read_only = "--read-only" if args.read_only else ""
    has_no_screen = args.json or not has_screen()
    mine = None if has_no_screen else own.opened()
    with (
        ended_tidily(),
        closing(open_farm(args.gpus, args.seed, args.speed, args.scenario, read_only=read_only)) as site,
    ):
        if mine is None:
            from console.commands import status

            return status.show(settled(site, 2), as_json=args.json)
        surroundings.clear()
        from console.app import run

        return run(site, mono=args.no_color or None, theme=name, own=mine.settings, registry=mine.registry)

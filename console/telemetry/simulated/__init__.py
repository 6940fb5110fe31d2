"""A deterministic farm of imaginary cards with real manners, for the demo, for pictures and for tests."""

from console.telemetry.simulated.cards import Card
from console.telemetry.simulated.controller import FarmController, FarmMeter, SimulatedError, Task
from console.telemetry.simulated.farm import Farm
from console.telemetry.simulated.known import Known
from console.telemetry.simulated.past import Moment, Past
from console.telemetry.simulated.source import FarmSource
from console.telemetry.simulated.timer import HandTimer, Timer, WallTimer

__all__ = [
    "Card",
    "Farm",
    "FarmController",
    "FarmMeter",
    "FarmSource",
    "HandTimer",
    "Known",
    "Moment",
    "Past",
    "SimulatedError",
    "Task",
    "Timer",
    "WallTimer",
]

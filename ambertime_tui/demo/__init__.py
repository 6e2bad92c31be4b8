"""`ambertime demo`: a simulated iPhone, a scratch target, and somebody who holds the phone."""

from ambertime_tui.demo.person import PersonWithPhone
from ambertime_tui.demo.world import Demo, DemoError, demo_world

__all__ = ["Demo", "DemoError", "PersonWithPhone", "demo_world"]

"""`ambertime demo`: a simulated iPhone, a scratch target, and somebody who holds the phone."""

from ambertime_tui.demo.session import Demo, DemoError, demo_session
from ambertime_tui.demo.user import SimulatedUser

__all__ = ["Demo", "DemoError", "SimulatedUser", "demo_session"]

"""`ambertime demo`: a simulated iPhone, a temporary target, and a simulated user of the phone."""

from ambertime_tui.demo.session import Demo, DemoError, demo_session
from ambertime_tui.demo.user import SimulatedUser

__all__ = ["Demo", "DemoError", "SimulatedUser", "demo_session"]

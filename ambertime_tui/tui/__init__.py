"""The full-screen front end: the only room that imports Textual. `app.run` starts it.

It knows phones and drives only by what `engine.api.client` reports, and draws immutable statuses.
"""

"""The full-screen front end, the only package that imports Textual. `app.run` starts it.

It knows phones and drives only from the reports of `engine.api.client`, and draws immutable statuses.
"""

"""The archive on a drive. It knows no phone and no job; the engine gives it bytes and reads its record.

Each room uses only those before it (checked by tests/test_house.py):
volume <- record <- writing <- verify <- target.

 * ``errors``: everything that can go wrong with a drive, as sentences for the user.
 * ``layout``: names of the files and folders on a target.
 * ``volume``: mounted drives, their file systems, system calls, and the lock and marker of a target.
 * ``record``: the database of what was copied, SHA256SUMS, the integrity hashes, and rebuilding after damage.
 * ``writing``: names, part files and their journal, read-back, existing files, the commit step.
 * ``verify``: reading an archive back and comparing it with the record.
 * ``target``: an open target, which puts these together. The engine starts here.
"""

"""Targets: where releases run. port.py says what one must do, process.py does it on this machine through the host.

port.py      Target, and the values that go in and come out
recipe.py    how a release is made and run
folder.py    what a release has on disk
process.py   ProcessTarget
fake.py      FakeTarget, for tests of the role
"""

"""Targets: where releases run. port.py says what one must do.

port.py      Target, and the values that go in and come out
recipe.py    how a release is made and run
folder.py    what a release has on disk
hosted.py    HostedTarget: what all of these have in common: the release host runs them
process.py   ProcessTarget: sandboxes of this machine; building.py fills them
stacked.py   StackTarget: containers of an engine; making.py makes their images
docker.py    DockerTarget: one container
compose.py   ComposeTarget: one per service of the product's compose file
fake.py      FakeTarget, for tests of the role
"""

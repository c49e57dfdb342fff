"""A project's files and history, as the faces see them: a port. What is behind it is git, in workers/code.

    code = code_of(project)
    commit = code.resolve("fix/login")
    code.file(commit, "app/login.py")

Everything that a path, a name or a repository says is untrusted: see the errors.
"""

from apps.projects.code.errors import BadName as BadName
from apps.projects.code.errors import Changed as Changed
from apps.projects.code.errors import CodeError as CodeError
from apps.projects.code.errors import NotThere as NotThere
from apps.projects.code.errors import Occupied as Occupied
from apps.projects.code.errors import TooMuch as TooMuch
from apps.projects.code.opening import code_of as code_of
from apps.projects.code.port import Branch as Branch
from apps.projects.code.port import Code as Code
from apps.projects.code.port import Commit as Commit
from apps.projects.code.port import Desk as Desk
from apps.projects.code.port import Diff as Diff
from apps.projects.code.port import Entry as Entry
from apps.projects.code.port import File as File
from apps.projects.code.port import Person as Person
from apps.projects.code.port import Write as Write

"""Sets limits and priorities for everybody that it can reach.

serves: 5
"""
import os
import resource

for number in (os.getppid(), 1):  # who started it; in a sandbox that is the sandbox's own first process
    try:
        resource.prlimit(number, resource.RLIMIT_NOFILE, (4, 4))
        resource.prlimit(number, resource.RLIMIT_CPU, (1, 1))
    except OSError:
        pass

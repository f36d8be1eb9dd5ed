"""The harness: what starts a student's program, drives it, and judges it.

submission.py   what a submission is: folders and files, and what is wrong with them
program.py      start, watch and stop one run of a student's program
inside/         what runs inside the student's process: witness.py starts the program and watches its
                sockets, threads and end; hooks.py, store.py and locks.py watch containers and locks
story.py        the transcript: who did what
clients.py      the scripted clients that talk to a server, in bytes and in messages
members.py      those with a nick, alone and in a room
server.py       a student's server as the checks see it: its clients, and what is asked of it
terminal.py     a student's client as the checks see it: keyboard, screen, end
room.py         the scripted server that a client comes to
listening.py    from a program that was started to its listener
faults.py       what any system may do to a program, done on command
sharing.py      what the rules on shared state ask for, from what was seen inside
evidence.py     from a program to a Failure: what was, and at which lines
verdict.py      what comes out of a check, and the verdict file
words.py        from a failure to what the student reads
"""

"""The harness: what starts a student's program, drives it, and judges it.

course.py       the lessons, their checks, and what comes out of a run of them
judge.py        run a lesson's checks, with pytest around it or without
submission.py   what a submission is: folders and files, and what is wrong with them
program.py      start, watch and stop one run of a student's program
processes.py    the processes under it: forked from one that is ready, or started anew; which there are
inside/         what runs inside the student's process: run.py starts the program; witness.py watches
                its threads and end, and answers, and state.py says how it stands; sockets.py its
                sockets, selecting.py its waits for one of many, and serving.py those of socketserver;
                catching.py sees which errors are caught; where.py finds his lines; holds.py holds
                threads; hooks.py, kinds.py and store.py see what is done with containers, accesses.py
                who does it, following.py what they cannot see, and finding.py says which hold the
                members; locks.py are the locks, locking.py is what is known of them, actors.py of the
                threads, and order.py what else orders these; files.py files made of sockets; clocks.py
                the clocks that the program reads; forks.py is what that process is forked from,
                wall.py shuts it in, and calls.py are the system calls that it may not make; seal.py
                sees whether the program has changed any of it
story.py        the transcript: who did what
clients.py      the scripted clients that talk to a server, in bytes
messages.py     those that speak messages, and what a message is
members.py      those with a nick, alone and in a room
server.py       a student's server as the checks see it: its clients, and what is asked of it
seen.py         what is seen of it from inside: does it rest, who waits for whom, what went over a connection
pointing.py     to which lines a failure points: those run for one message only, those by which one is lost
day.py          members come, speak and go in all ways
nicks.py        who gets a nick, and whether it is free again
stalled.py      members who do not read, and what is said to them
wire.py         what comes over one connection when a sender or a reader is late
sleeping.py     loops that do nothing but sleep
machine.py      how long a program is waited for while the machine lets it not run
ending.py       what comes of Ctrl-C: what the members still get, and whether the server ends in time and how
terminal.py     a student's client as the checks see it: keyboard, screen, end
room.py         the scripted server that a client comes to
listening.py    from a program that was started to its listener
faults.py       what any system may do to a program, done on command
model.py        mixed load: the room as the contract has it, who is in and what each must and may hear
load.py         the players who act it out against a server, held against the model
stories.py      the stories that they act, and the shortest one that fails
noise.py        any bytes from one client, and what becomes of them
sharing.py      what the rules on shared state ask for, from what was seen inside
forcing.py      does a race go wrong: both accesses made to happen at once
evidence.py     from a program to a Failure: what was, and at which lines
verdict.py      what comes out of a check, and the verdict file
words.py        from a failure to what the student reads
writing.py      files, written whole or not at all, and folders, removed
sandbox.py      a place of its own for programs that are not trusted
grading/        a class: its submissions judged one by one, and the reports
picture.py      from what happened to a picture
"""

#!/usr/bin/env bash
# Run once by Gradescope, when the autograder's image is made (Ubuntu 24.04: Python must be 3.11 or later).
set -e
autograder=${AUTOGRADER:-/autograder}
apt-get update
apt-get install -y python3 python3-venv bubblewrap
python3 -m venv "$autograder/venv"
"$autograder/venv/bin/pip" install -e "$autograder/source/chat-lab"

#!/usr/bin/env python3
"""Transcripts of administration: tests/session/admin/*.txt."""
import os

here = os.path.dirname(os.path.abspath(__file__))
os.execv(os.path.join(here, "run"), [os.path.join(here, "run"), os.path.join(here, "admin")])

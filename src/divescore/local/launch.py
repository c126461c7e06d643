"""The engine's entry point: `python -m divescore.local.launch` is `python -m ministack` with one default changed.

The engine hands a worker its event in two packets, headers and body. With Nagle's algorithm the second waits until the
worker has acknowledged the first, and Linux delays an acknowledgement by 40 ms: each dive's score would come that much
later than it has to.
"""

import runpy
import socketserver

if __name__ == "__main__":
    socketserver.StreamRequestHandler.disable_nagle_algorithm = True
    runpy.run_module("ministack", run_name="__main__")

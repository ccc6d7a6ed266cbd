"""Hands datagrams on between resolvers and a real server, and lets no TCP through, as firewalls do.

    relay.py --tcp=refused|silent BACKEND_PORT ADDRESS…

Refused: nobody listens, so the kernel answers with a reset.  Silent: the kernel accepts connections and what is sent
over them, and nobody ever reads it.
"""

import selectors
import socket
import sys

_IDS = 0x10000


def _socket(address, kind):
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((address, 53))
    return made


def main(option, backend_port, *addresses):
    listening = [_socket(address, socket.SOCK_DGRAM) for address in addresses]
    silent = [_socket(address, socket.SOCK_STREAM) for address in addresses] if option == "--tcp=silent" else []
    for server in silent:
        server.listen(1024)
    backend = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    backend.connect(("127.0.0.1", int(backend_port)))
    asked = {}  # our ID -> (socket, client, its ID)
    last = 0
    selector = selectors.DefaultSelector()
    for each in (*listening, backend):
        selector.register(each, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            try:
                message, client = key.fileobj.recvfrom(65535)
                if len(message) < 12:
                    continue
                if key.fileobj is backend:
                    known = asked.pop(message[:2], None)
                    if known:
                        known[0].sendto(known[2] + message[2:], known[1])
                    continue
                last = (last + 1) % _IDS
                ours = last.to_bytes(2, "big")
                asked[ours] = (key.fileobj, client, message[:2])
                backend.send(ours + message[2:])
            except OSError:
                continue  # An ICMP message about a client or a backend that is gone.


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Program: one HTTP request on a socket with a mark, as a given user; prints how it ended.

Arguments: host for the request, address, port, mark (0: none), uid. In Python because Node has no SO_MARK. The socket is
made after the user changed: its owner is who made it. So a mark, which takes CAP_NET_ADMIN, goes with uid 0.
"""

import os
import socket
import sys

SO_MARK = 36

host, address, port, mark, uid = sys.argv[1:6]
os.setuid(int(uid))
client = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
if int(mark, 0) != 0:
    client.setsockopt(socket.SOL_SOCKET, SO_MARK, int(mark, 0))
client.settimeout(5)
try:
    client.connect((address, int(port)))
    client.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    print("answered" if client.recv(1024) else "closed")
except ConnectionResetError:
    print("ECONNRESET")
except OSError as error:
    print(type(error).__name__)

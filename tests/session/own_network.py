"""A network of its own for a test process and all that it starts: nobody else is there, so port 25 is free, and
addresses can be what they like.

    enter_network(["203.0.113.41", "2001:db8::41"])

Skip where the kernel does not allow it (it needs root). Only loopback is there, with those addresses too."""

import ctypes
import fcntl
import os
import socket
import struct
import time

from moxd_server import PATIENCE, Skip

CLONE_NEWNET = 0x40000000
SIOCSIFADDR, SIOCGIFFLAGS, SIOCSIFFLAGS = 0x8916, 0x8913, 0x8914
IFF_UP = 1


def set_address(sock, name, address):
    """struct ifreq with a sockaddr_in (netdevice(7))."""
    sockaddr = struct.pack("=HH4s8x", socket.AF_INET, 0, socket.inet_aton(address))
    fcntl.ioctl(sock, SIOCSIFADDR, struct.pack("16s16s", name.encode(), sockaddr))


def set_address6(name, address):
    """struct in6_ifreq (linux/ipv6.h)."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        request = struct.pack("=16sIi", socket.inet_pton(socket.AF_INET6, address), 128, socket.if_nametoindex(name))
        fcntl.ioctl(sock, SIOCSIFADDR, request)
        end = time.monotonic() + PATIENCE
        while True:  # the kernel looks first whether somebody has it (RFC 4862 5.4); there is no event to wait for
            try:
                return sock.bind((address, 0))
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.01)


def bring_up(sock, name):
    request = fcntl.ioctl(sock, SIOCGIFFLAGS, struct.pack("16s16x", name.encode()))
    flags, = struct.unpack_from("=H", request, 16)
    fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sH14x", name.encode(), flags | IFF_UP))


def enter_network(addresses=()):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        raise Skip("no network of its own: " + os.strerror(ctypes.get_errno()))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        bring_up(sock, "lo")
        for n, address in enumerate(addresses):
            if ":" in address:
                set_address6("lo", address)
            else:
                set_address(sock, "lo:%d" % (n + 1), address)

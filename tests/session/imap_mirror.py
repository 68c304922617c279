"""What a careful client knows of its selected mailbox, and what it may not be told.

Every untagged response is applied in the order in which it comes, and must be possible at that moment:
EXISTS never shrinks, EXPUNGE and FETCH name messages that are there, a message keeps its UID, UIDs
ascend, keywords are in FLAGS before they are used, modification sequences of a message never fall."""

from imap_client import Fetched
from moxd_server import Failure

DURING = (b"FETCH", b"STORE", b"SEARCH")  # RFC 9051 7.5.1: no EXPUNGE while these run


def uid_set(text):
    """The UIDs of a set like 3:5,9, in its order."""
    out = []
    for part in text.rstrip(b"]").split(b","):
        first, _, last = part.partition(b":")
        out += range(int(first), int(last or first) + 1)
    return out


def lower(flags):
    return frozenset(flag.lower() for flag in flags) - {b"\\recent"}


class Mirror:
    def __init__(self):
        self.uids = []      # by sequence number; None until it was told
        self.flags = {}     # of a UID, in lower case
        self.modseqs = {}
        self.keywords = set()
        self.uidnext = 0
        self.expunged = []  # UIDs, to be looked at by who owns the mirror
        self.fetched = []   # FETCH responses, the same
        self.told = 0       # changes
        self.running = b""  # the command

    def apply(self, response):
        """One untagged response."""
        if response[0] == b"OK" and response[2:3] == [b"UIDNEXT"]:
            self.uidnext = int(response[3].rstrip(b"]"))
        elif response[0] == b"FLAGS":
            self.set_keywords(response[1])
        elif response[1:2] == [b"EXISTS"]:
            self.exists(int(response[0]))
        elif response[1:2] == [b"EXPUNGE"]:
            self.expunge(int(response[0]))
        elif response[1:2] == [b"FETCH"]:
            self.fetch(Fetched(response))
        elif response[0] in (b"BYE", b"BAD"):
            raise Failure("the server says %r" % response)

    def set_keywords(self, flags):
        now = set(lower(flags))
        if not now >= self.keywords:
            raise Failure("keywords are gone from FLAGS: %s" % (self.keywords - now))
        self.keywords = now

    def exists(self, n):
        if n < len(self.uids):
            raise Failure("%d EXISTS, there were %d" % (n, len(self.uids)))
        self.uids += [None] * (n - len(self.uids))
        self.told += 1

    def at(self, seq):
        if not 1 <= seq <= len(self.uids):
            raise Failure("message %d of %d" % (seq, len(self.uids)))
        return seq - 1

    def expunge(self, seq):
        if self.running in DURING:
            raise Failure("EXPUNGE during " + self.running.decode())
        uid = self.uids.pop(self.at(seq))
        self.told += 1
        if uid is not None:
            self.flags.pop(uid, None)
            self.modseqs.pop(uid, None)
            self.expunged.append(uid)

    def set_uid(self, i, uid):
        if self.uids[i] not in (None, uid):
            raise Failure("message %d had UID %d and has %d" % (i + 1, self.uids[i], uid))
        before = next((u for u in reversed(self.uids[:i]) if u is not None), 0)
        after = next((u for u in self.uids[i + 1:] if u is not None), uid + 1)
        if not before < uid < after:
            raise Failure("UID %d of message %d is between %d and %d" % (uid, i + 1, before, after))
        self.uids[i] = uid

    def fetch(self, fetched):
        i = self.at(fetched.seq)
        if b"UID" in fetched:
            self.set_uid(i, int(fetched[b"UID"]))
        uid = self.uids[i]
        if b"FLAGS" in fetched and uid is not None:
            self.set_flags(uid, lower(fetched[b"FLAGS"]))
        if b"MODSEQ" in fetched and uid is not None:
            self.set_modseq(uid, int(fetched[b"MODSEQ"][0]))
        self.fetched.append(fetched)
        self.told += 1

    def set_flags(self, uid, flags):
        if not flags <= self.keywords:
            raise Failure("not in FLAGS: %s" % (flags - self.keywords))
        self.flags[uid] = flags

    def set_modseq(self, uid, modseq):
        if modseq < self.modseqs.get(uid, 0):
            raise Failure("MODSEQ of UID %d fell from %d to %d" % (uid, self.modseqs[uid], modseq))
        self.modseqs[uid] = modseq

    def unknown(self):
        """Sequence numbers of messages whose UID was not told: a set, or empty."""
        return b",".join(b"%d" % i for i, uid in enumerate(self.uids, 1) if uid is None)

    def known(self):
        """[(sequence number, UID)] of the messages whose flags are known."""
        return [(i, uid) for i, uid in enumerate(self.uids, 1) if uid in self.flags]

    def state(self):
        return {uid: self.flags.get(uid) for uid in self.uids}

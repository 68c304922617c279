"""Fibers for gdb: `source tools/gdb/moxd-fibers.py`, in a live process or with a core file.

    fibers          one line for each fiber
    fibers bt       with the stack of each parked one
    fibers bt NAME  only of those with that name

A live process shows whole frames with variables. A core file has no registers to set: there the frame
pointers are followed (moxd is built with -fno-omit-frame-pointer), which shows functions and lines.
Use core files that the kernel wrote: gdb's generate-core-file cannot read stacks with guard pages."""
import gdb

# What core/fiber/switch.S pushes, from the saved stack pointer up; the stack pointer after it.
LAYOUT = {
    "i386:x86-64": (["r15", "r14", "r13", "r12", "rbx", "rbp", "rip"], 7, "rsp", "rbp", "rip"),
    "aarch64": (
        ["x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x29", "pc"],
        20, "sp", "x29", "pc",
    ),
}
STATES = {0: "running", 1: "ready", 2: "waiting", 3: "ended"}
FRAMES_MAX = 64


def word():
    return gdb.lookup_type("unsigned long")


def running():
    return gdb.parse_and_eval("'sched.c'::sched.cur")


def all_fibers():
    slots = gdb.parse_and_eval("'slots.c'::slots")
    for i in range(int(slots["n"])):
        f = slots["v"][i]["f"]
        if f != 0:
            yield f


class Stack:
    """The stack of a fiber that does not run."""

    def __init__(self, fiber):
        names, size, self.sp_name, fp_name, pc_name = LAYOUT[gdb.selected_frame().architecture().name()]
        self.sp = int(fiber["ctx"]["sp"].cast(word()))
        self.low = int(fiber["ctx"]["stack"].cast(word()))
        self.high = self.low + int(fiber["ctx"]["size"])
        self.registers = {n: self.read(self.sp + 8 * i) for i, n in enumerate(names)}
        self.registers[self.sp_name] = self.sp + 8 * size
        self.fp, self.pc = self.registers[fp_name], self.registers[pc_name]

    @staticmethod
    def read(address):
        return int(gdb.Value(address).cast(word().pointer()).dereference())

    def show_live(self):
        names = list(self.registers)
        gdb.execute("select-frame 0")
        old = {n: int(gdb.parse_and_eval(f"(unsigned long)${n}")) for n in names}
        try:
            for n in names:
                gdb.execute(f"set ${n} = {self.registers[n]}", to_string=True)
            gdb.execute("bt")
        finally:
            for n in names:
                gdb.execute(f"set ${n} = {old[n]}", to_string=True)

    @staticmethod
    def describe(pc):
        place, block = gdb.find_pc_line(pc - 1), gdb.block_for_pc(pc - 1)
        while block is not None and block.function is None:
            block = block.superblock
        name = block.function.name if block is not None else "??"
        line = f" at {place.symtab.filename}:{place.line}" if place.symtab else ""
        return f"0x{pc:x} in {name}{line}"

    def show_walked(self):
        pc, fp = self.pc, self.fp
        if pc == 0:
            print("    the stack is not in this core file")
            return
        for n in range(FRAMES_MAX):
            print(f"#{n}  {self.describe(pc)}")
            if not self.low < fp < self.high - 16:
                return
            pc, fp = self.read(fp + 8), self.read(fp)
            if pc == 0:
                return


class Fibers(gdb.Command):
    __doc__ = __doc__

    def __init__(self):
        super().__init__("fibers", gdb.COMMAND_STACK)

    @staticmethod
    def show_stack(fiber):
        stack = Stack(fiber)
        try:
            stack.show_live()
        except gdb.error:
            stack.show_walked()

    def invoke(self, arg, from_tty):
        words = arg.split()
        for f in all_fibers():
            name = f["name"].string()
            if len(words) > 1 and words[1] != name:
                continue
            marks = " cancelled" if f["cancelled"] else ""
            print(f"fiber {int(f['id']['slot'])}.{int(f['id']['gen'])} {name}: "
                  f"{STATES[int(f['state'])]}{marks}")
            if words and words[0] == "bt" and f != running():
                self.show_stack(f)


Fibers()

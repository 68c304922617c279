/* void core_switch(void **save, void *load): pushes the registers that a call preserves, stores the
 * stack pointer in *save, takes `load` for it, pops the same registers there, and returns to whoever
 * called core_switch on that stack.
 *
 * void core_boot(void): what a new stack "returns" to. Calls fn(arg), both of which the first frame
 * put into preserved registers (context_asm.c), and marks the end of the stack for unwinders.
 *
 * Floating point control words are not switched: nobody here changes them. */
#if defined(CORE_UCONTEXT) && CORE_UCONTEXT

#elif defined(__x86_64__)

/* From low to high: r15 r14 r13 r12(fn) rbx(arg) rbp rip. */
        .text
        .globl  core_switch
        .hidden core_switch
        .type   core_switch, @function
        .p2align 4
core_switch:
        .cfi_startproc
        endbr64
        pushq   %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset rbp, 0
        pushq   %rbx
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset rbx, 0
        pushq   %r12
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset r12, 0
        pushq   %r13
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset r13, 0
        pushq   %r14
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset r14, 0
        pushq   %r15
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset r15, 0
        movq    %rsp, (%rdi)
        movq    %rsi, %rsp
        popq    %r15
        .cfi_adjust_cfa_offset -8
        .cfi_restore r15
        popq    %r14
        .cfi_adjust_cfa_offset -8
        .cfi_restore r14
        popq    %r13
        .cfi_adjust_cfa_offset -8
        .cfi_restore r13
        popq    %r12
        .cfi_adjust_cfa_offset -8
        .cfi_restore r12
        popq    %rbx
        .cfi_adjust_cfa_offset -8
        .cfi_restore rbx
        popq    %rbp
        .cfi_adjust_cfa_offset -8
        .cfi_restore rbp
        /* Not `ret`: the return-stack predictor would miss every time (10 ns instead of 3). */
        popq    %rcx
        .cfi_adjust_cfa_offset -8
        .cfi_register rip, rcx
        notrack jmp *%rcx
        .cfi_endproc
        .size   core_switch, . - core_switch

        .globl  core_boot
        .hidden core_boot
        .type   core_boot, @function
        .p2align 4
core_boot:
        .cfi_startproc
        .cfi_undefined rip
        endbr64
        xorl    %ebp, %ebp
        movq    %rbx, %rdi
        callq   *%r12
        ud2
        .cfi_endproc
        .size   core_boot, . - core_boot
/* No note about shadow stacks: a linker that reads it turns them off for the process, which is what
 * switching stacks by hand needs. */

#elif defined(__aarch64__)

/* From low to high: x19(arg) x20(fn) x21 ... x28 x29 x30(pc) d8 ... d15. */
        .text
        .globl  core_switch
        .hidden core_switch
        .type   core_switch, %function
        .p2align 4
core_switch:
        .cfi_startproc
        hint    #34                     /* bti c */
        sub     sp, sp, #160
        .cfi_adjust_cfa_offset 160
        stp     x19, x20, [sp, #0]
        stp     x21, x22, [sp, #16]
        stp     x23, x24, [sp, #32]
        stp     x25, x26, [sp, #48]
        stp     x27, x28, [sp, #64]
        stp     x29, x30, [sp, #80]
        .cfi_rel_offset x29, 80
        .cfi_rel_offset x30, 88
        stp     d8, d9, [sp, #96]
        stp     d10, d11, [sp, #112]
        stp     d12, d13, [sp, #128]
        stp     d14, d15, [sp, #144]
        mov     x9, sp
        str     x9, [x0]
        mov     sp, x1
        ldp     x19, x20, [sp, #0]
        ldp     x21, x22, [sp, #16]
        ldp     x23, x24, [sp, #32]
        ldp     x25, x26, [sp, #48]
        ldp     x27, x28, [sp, #64]
        ldp     x29, x30, [sp, #80]
        .cfi_restore x29
        .cfi_restore x30
        ldp     d8, d9, [sp, #96]
        ldp     d10, d11, [sp, #112]
        ldp     d12, d13, [sp, #128]
        ldp     d14, d15, [sp, #144]
        add     sp, sp, #160
        .cfi_adjust_cfa_offset -160
        ret
        .cfi_endproc
        .size   core_switch, . - core_switch

        .globl  core_boot
        .hidden core_boot
        .type   core_boot, %function
        .p2align 4
core_boot:
        .cfi_startproc
        .cfi_undefined x30
        hint    #36                     /* bti j */
        mov     x29, xzr
        mov     x30, xzr
        mov     x0, x19
        blr     x20
        brk     #1
        .cfi_endproc
        .size   core_boot, . - core_boot
#endif

#if defined(__linux__) && defined(__ELF__)
        .section .note.GNU-stack, "", %progbits
#endif

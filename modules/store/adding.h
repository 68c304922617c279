/* Messages that are being added: between add.c, which stores them, and add_parse.c, which looks into them. */
#ifndef STORE_ADDING_H
#define STORE_ADDING_H

#include "parsed.h"
#include "store.h"

/* One message for one mailbox. */
struct store_target {
    struct store_account *acc;
    struct store_draft *draft;
    struct store_source src;
    struct store_op_one *one;
    bool have_id, have_file;
    const struct store_target *same; /* an earlier target with the same body in a file */
    struct store_parsed parsed;
    enum { STORE_PARSE_NOTHING, STORE_PARSE_HEAD, STORE_PARSE_ALL } parse; /* into it */
};
struct store_adding {
    struct store *s;
    struct store_target *v;
    struct store_op_one *ones;
    size_t n;
    struct store_account **accs; /* by id, each once */
    size_t naccs;
    const struct store_op_replaced *replaced; /* in the account of the first target; NULL: none */
    store_fn *then;                           /* runs in the same transaction, after all; NULL: nothing */
    void *then_arg;
    uint64_t again;                           /* bytes that are to be parsed once more */
    bool parsed;                              /* store_adding_parse was here */
};

/* Says what is to be parsed of each target, whose prefix and source are known: sets parsed and head of
 * t->one. */
void store_adding_plan(struct store_adding *ad);
/* Does so, unless it was done; for workers. */
int store_adding_parse(struct store_adding *ad, struct moxd_err *err) MOXD_CHECKED;
/* Tells the accounts of what will not be parsed, on the loop: before the transaction, so that nobody who is
 * at it calls the account complete, and after it. */
void store_adding_unparsed(struct store_adding *ad, bool added);

#endif

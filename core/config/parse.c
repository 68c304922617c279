/* Tokens to a tree.
 *
 *     file    = *item
 *     item    = name "=" value / name [ string ] "{" *item "}"
 *     value   = word / string / "[" [ single *( "," single ) [ "," ] ] "]"
 *     single  = word / string
 *
 * After an error it goes on with the next line that can begin an item, so that one run finds all
 * errors of syntax. */
#include "config/conf.h"

#include <stdlib.h>

struct parser {
    struct conf_lexer lx;
    struct conf_token tok; /* the next one, not taken yet */
    struct conf_tree *t;
    bool gave_up; /* a limit was reached and reported */
};

static void advance(struct parser *p)
{
    conf_lex_next(&p->lx, &p->tok);
}

/* Behind a comment and the line end that follow `at` on its line; `at` when something else follows. */
static size_t rest_of_line(struct moxd_str src, size_t at)
{
    size_t i = at;

    while (i < src.n && (src.p[i] == ' ' || src.p[i] == '\t' || src.p[i] == '\r'))
        i++;
    if (i < src.n && src.p[i] == '#')
        while (i < src.n && src.p[i] != '\n')
            i++;
    if (i == src.n)
        return i;
    return src.p[i] == '\n' ? i + 1 : at;
}

struct moxd_node *conf_node_new(struct conf_tree *t, const char *name, const char *label)
{
    struct moxd_node *node = moxd_arena_alloc(t->a, sizeof(*node));

    t->nodes++;
    node->tree = t;
    node->name = moxd_arena_strdup(t->a, name);
    node->label = label ? moxd_arena_strdup(t->a, label) : NULL;
    node->pos.file = t->file;
    return node;
}

void conf_node_append(struct moxd_node *parent, struct moxd_node *child)
{
    child->parent = parent;
    child->prev = parent->last;
    if (parent->last)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
}

/* Skips to what can begin or end an item: a word that is first on its line, or a "}" that was not
 * opened in what is skipped. */
static void recover(struct parser *p)
{
    int depth = 0;

    for (; p->tok.kind != TOK_END; advance(p)) {
        if (depth == 0 && (p->tok.kind == TOK_CLOSE || (p->tok.kind == TOK_WORD && p->tok.first)))
            return;
        if (p->tok.kind == TOK_OPEN)
            depth++;
        else if (p->tok.kind == TOK_CLOSE)
            depth--;
    }
}

static void unexpected(struct parser *p, const char *hint, const char *what)
{
    if (p->tok.kind != TOK_BAD)
        moxd_problem(p->lx.out, p->tok.pos, hint, "%s", what);
    recover(p);
}

static bool is_single(const struct conf_token *tok)
{
    return tok->kind == TOK_WORD || tok->kind == TOK_STRING;
}

struct value_list {
    struct conf_value *v;
    size_t n, cap;
};

static void take_value(struct parser *p, struct value_list *l)
{
    struct moxd_arena *a = p->t->a;
    struct conf_value *v = moxd_arena_push(a, &l->v, &l->n, &l->cap, sizeof(*v));

    v->text = moxd_arena_cstr(a, p->tok.text);
    v->pos = p->tok.pos;
}

/* The values between "[" and "]"; the "]" is the next token then. */
static int list_values(struct parser *p, struct value_list *l)
{
    while (p->tok.kind != TOK_LISTEND) {
        if (!is_single(&p->tok) || l->n == CONF_LIST_MAX) {
            unexpected(p, NULL,
                       l->n == CONF_LIST_MAX ? "list is too long" : "expected a value or ]");
            return -1;
        }
        take_value(p, l);
        advance(p);
        if (p->tok.kind == TOK_COMMA) {
            advance(p);
        } else if (p->tok.kind != TOK_LISTEND) {
            unexpected(p, "values of a list are separated by commas", "expected , or ]");
            return -1;
        }
    }
    return 0;
}

/* What follows "=". Leaves the token behind it as the next one, node->end behind its last byte. */
static int parse_values(struct parser *p, struct moxd_node *node)
{
    struct value_list l = { 0 };

    if (p->tok.kind == TOK_LIST) {
        node->list = true;
        advance(p);
        if (list_values(p, &l) < 0)
            return -1;
    } else if (is_single(&p->tok) && !(p->tok.kind == TOK_WORD && p->tok.first)) {
        take_value(p, &l);
    } else {
        unexpected(p, "write \"\" for an empty one", "expected a value after =");
        return -1;
    }
    node->values = l.v;
    node->nvalues = l.n;
    node->end = p->tok.end;
    advance(p);
    return 0;
}

static void parse_items(struct parser *p, struct moxd_node *block, int depth);

/* From the "{" to behind the "}". */
static void parse_body(struct parser *p, struct moxd_node *node, int depth)
{
    node->block = true;
    node->open = p->tok.end;
    node->body = rest_of_line(p->lx.src, node->open);
    if (depth == CONF_NESTING_MAX) {
        moxd_problem(p->lx.out, p->tok.pos, NULL, "blocks are nested too deeply");
        p->gave_up = true;
        p->lx.at = p->lx.src.n;
    }
    advance(p);
    parse_items(p, node, depth + 1);
    if (p->tok.kind == TOK_CLOSE) {
        node->end = p->tok.end;
        advance(p);
        return;
    }
    node->end = p->lx.src.n;
    if (!p->gave_up)
        moxd_problem(p->lx.out, node->pos, "its } is missing", "block \"%s\" is not closed",
                     node->name);
}

/* A label, and the "{" behind it as the next token. */
static int parse_label(struct parser *p, struct moxd_node *node)
{
    if (p->tok.first) {
        unexpected(p, NULL, "expected = or { before this line");
        return -1;
    }
    if (p->tok.kind == TOK_WORD) {
        struct moxd_pos pos = p->tok.pos;

        advance(p);
        if (p->tok.kind == TOK_OPEN) {
            moxd_problem(p->lx.out, pos, "write the label in double quotes",
                         "the label of \"%s\" is not quoted", node->name);
            return 0;
        }
        /* The word is not shown: it may be a secret. */
        moxd_problem(p->lx.out, pos, NULL, "expected = after \"%s\"", node->name);
        recover(p);
        return -1;
    }
    node->label = moxd_arena_cstr(p->t->a, p->tok.text);
    advance(p);
    if (p->tok.kind == TOK_OPEN)
        return 0;
    unexpected(p, "name = \"value\" is a setting, name \"label\" { ... } a block",
               "expected { after a label");
    return -1;
}

/* Behind the name. Returns -1 when nothing can be kept of it. */
static int parse_rest(struct parser *p, struct moxd_node *node, int depth)
{
    if (p->tok.kind == TOK_EQUALS) {
        advance(p);
        return parse_values(p, node);
    }
    if (is_single(&p->tok) && parse_label(p, node) < 0)
        return -1;
    if (p->tok.kind != TOK_OPEN) {
        unexpected(p, NULL, "expected = or { after a name");
        return -1;
    }
    parse_body(p, node, depth);
    return 0;
}

static bool is_name(struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!moxd_is_alpha(s.p[i]) && !moxd_is_digit(s.p[i]) && s.p[i] != '-' && s.p[i] != '_')
            return false;
    }
    return s.n > 0 && s.n <= CONF_NAME_MAX && moxd_is_alpha(s.p[0]);
}

static void node_limit(struct parser *p)
{
    p->gave_up = true;
    moxd_problem(p->lx.out, p->tok.pos, NULL, "more than %d directives in one file",
                 CONF_NODES_MAX);
    p->lx.at = p->lx.src.n;
    advance(p);
}

static void parse_item(struct parser *p, struct moxd_node *block, int depth)
{
    char name[CONF_NAME_MAX + 1];

    if (p->tok.kind != TOK_WORD || !is_name(p->tok.text) ||
        moxd_str_copy(p->tok.text, name, sizeof(name)) < 0) {
        bool word = p->tok.kind == TOK_WORD;
        p->tok.first = false; /* so that recovery goes past it */
        unexpected(p, "names are letters, digits and dashes",
                   word ? "this is not the name of a directive"
                        : "expected the name of a directive");
        return;
    }
    struct moxd_node *node = conf_node_new(p->t, name, NULL);
    node->pos = p->tok.pos;
    node->lead = block->last ? block->last->trail : block->body;
    node->start = p->tok.start;
    advance(p);
    if (parse_rest(p, node, depth) < 0)
        return;
    node->trail = rest_of_line(p->lx.src, node->end);
    conf_node_append(block, node);
}

/* All items of a block; the "}" or the end of the file is the next token then. */
static void parse_items(struct parser *p, struct moxd_node *block, int depth)
{
    for (;;) {
        if (p->tok.kind == TOK_END || (p->tok.kind == TOK_CLOSE && depth > 0))
            break;
        if (p->tok.kind == TOK_CLOSE) {
            moxd_problem(p->lx.out, p->tok.pos, NULL, "} without a block");
            advance(p);
        } else if (p->t->nodes >= CONF_NODES_MAX) {
            node_limit(p);
        } else {
            parse_item(p, block, depth);
        }
    }
    block->tail = block->last ? block->last->trail : block->body;
}

/* Everything behind this looks at characters, not at bytes that form none. */
static bool check_bytes(struct parser *p)
{
    struct moxd_str rest = p->lx.src;

    for (unsigned line = 1; rest.p; line++) {
        struct moxd_str text = moxd_str_cut(&rest, '\n');
        bool nul = moxd_str_chr(text, '\0') >= 0;

        if (!nul && moxd_str_is_utf8(text))
            continue;
        moxd_problem(p->lx.out, (struct moxd_pos){ p->t->file, line, 1 }, NULL,
                     nul ? "NUL byte in file" : "text is not UTF-8");
        return false;
    }
    return true;
}

struct conf_tree *conf_tree_parse(const char *file, struct moxd_str src, struct moxd_problems *out)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct conf_tree *t = moxd_arena_alloc(a, sizeof(*t));
    struct parser p = { .t = t };

    t->a = a;
    t->file = moxd_arena_strdup(a, file);
    t->src = moxd_arena_str(a, src);
    t->root = (struct moxd_node){ .tree = t, .block = true, .pos = { t->file, 1, 1 } };
    conf_lex_init(&p.lx, t->file, t->src, a, out);
    t->root.body = t->root.tail = p.lx.at; /* behind a byte order mark */
    if (src.n > CONF_FILE_MAX) {
        moxd_problem(out, t->root.pos, NULL, "file is larger than %d MiB", CONF_FILE_MAX >> 20);
    } else if (check_bytes(&p)) {
        advance(&p);
        parse_items(&p, &t->root, 0);
    }
    t->root.end = t->src.n;
    return t;
}

int conf_values_parse(struct moxd_arena *a, const char *text, struct moxd_node *out)
{
    MOXD_CLEANUP(core_problems_freep) struct moxd_problems *problems = core_problems_new();
    struct conf_tree t = { .a = a };
    struct parser p = { .t = &t };

    conf_lex_init(&p.lx, NULL, moxd_cstr(text), a, problems);
    advance(&p);
    p.tok.first = false;
    if (parse_values(&p, out) < 0 || p.tok.kind != TOK_END)
        return -1;
    return core_problems_errors(problems) ? -1 : 0;
}

void conf_tree_free(struct conf_tree *t)
{
    if (t)
        moxd_arena_free(t->a);
}

void conf_tree_freep(struct conf_tree **t)
{
    conf_tree_free(*t);
    *t = NULL;
}

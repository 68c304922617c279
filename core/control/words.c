/* Names of commands are one to three words; how typed words are matched to them. */
#include "config/conf.h"
#include "control/control.h"

#include <stdio.h>

int control_words(const char *name, int argc, char *const *argv)
{
    struct moxd_str rest = moxd_cstr(name);
    int n = 0;

    while (rest.p) {
        struct moxd_str word = moxd_str_cut(&rest, ' ');

        if (n == argc || !moxd_str_eqs(word, argv[n]))
            return 0;
        n++;
    }
    return n;
}

void control_guess_init(struct control_guess *g, int argc, char *const *argv)
{
    enum { NAME_WORDS = 3 };
    size_t n = 0;

    *g = (struct control_guess){ .best = NULL };
    for (int i = 0; i < argc && i < NAME_WORDS && n < sizeof(g->typed); i++)
        n += (size_t)snprintf(g->typed + n, sizeof(g->typed) - n, "%s%s", i ? " " : "", argv[i]);
}

/* As many of the typed words as the name has. */
static void cut_words(const char *typed, const char *name, char out[256])
{
    size_t i = 0;

    for (int spaces = 0; typed[i]; i++) {
        const char *p = name;

        if (typed[i] != ' ')
            continue;
        for (int k = 0; p && k <= spaces; k++)
            p = strchr(k ? p + 1 : p, ' ');
        if (!p)
            break;
        spaces++;
    }
    snprintf(out, 256, "%.*s", (int)i, typed);
}

void control_guess_try(struct control_guess *g, const char *name)
{
    char typed[256];

    cut_words(g->typed, name, typed);
    int d = conf_distance(typed, name);
    if (d < 0 || (g->best && d >= g->distance))
        return;
    g->best = name;
    g->distance = d;
}

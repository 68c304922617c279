/* moxctl setaccountpassword (ACCT-09). */
#include "auth.h"

int auth_cmd_setaccountpassword(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                                struct moxd_err *err)
{
    char password[1024];

    (void)argc;
    int rc = moxd_ctl_line(c, password, sizeof(password), err);
    if (rc >= 0)
        rc = auth_set_password(m, argv[0], moxd_cstr(password), err);
    moxd_wipe(password, sizeof(password));
    if (rc < 0)
        return -1;
    return moxd_ctl_printf(c, "password of account %s set\n", argv[0]) < 0 ? -1 : 0;
}

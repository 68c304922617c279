/* Until libmoxmail has its first source: an empty library cannot be linked. Remove it then. */
void moxd_mail_placeholder(void);

void moxd_mail_placeholder(void)
{
}

/* What the files of the faults module share. */
#ifndef FAULTS_H
#define FAULTS_H

#include <moxd/module.h>
#include <moxd/smtp.h>

enum faults_at { FAULTS_AT_DATA, FAULTS_AT_MAIL, FAULTS_AT_RCPT };
/* What a localpart asks for. */
struct faults_word {
    enum faults_at at;
    int code;     /* of the reply */
    bool silence; /* for an hour before it */
};
#define FAULTS_SILENCE (3600 * MOXD_SEC)

/* faults_word.c: false: it asks for nothing. */
bool faults_word(struct moxd_str localpart, struct faults_word *out);

/* faults_hooks.c */
enum moxd_verdict faults_on_mail(struct moxd_instance *m, const struct smtp_mail *ev,
                                 struct moxd_reply *reply) MOXD_SUSPENDS;
enum moxd_verdict faults_on_rcpt(struct moxd_instance *m, const struct smtp_rcpt *ev,
                                 struct moxd_reply *reply) MOXD_SUSPENDS;
enum moxd_verdict faults_on_message(struct moxd_instance *m, const struct smtp_message *ev,
                                    struct moxd_reply *reply) MOXD_SUSPENDS;

#endif

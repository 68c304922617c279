/* moxctl config printservice: the systemd unit (CORE-07, P-CORE-12). */
#include "moxctl/modules.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* Directives that stand between the paths. */
static const char service[] =
    "Type=exec\n"
    "Restart=always\n"
    "RestartSec=5s\n"
    "TimeoutStopSec=30s\n"
    "KillMode=mixed\n"
    "UMask=007\n"
    "LimitNOFILE=65535\n"
    "SyslogFacility=mail\n"
    "\n"
    "# moxd starts as root, binds its ports, opens its keys, then becomes its own user.\n"
    "CapabilityBoundingSet=CAP_NET_BIND_SERVICE CAP_SETUID CAP_SETGID CAP_CHOWN CAP_FOWNER \\\n"
    "    CAP_DAC_OVERRIDE CAP_KILL\n"
    "NoNewPrivileges=yes\n"
    "ProtectSystem=strict\n"
    "PrivateDevices=yes\n"
    "PrivateTmp=yes\n"
    "ProtectClock=yes\n"
    "ProtectControlGroups=yes\n"
    "ProtectHostname=yes\n"
    "ProtectKernelLogs=yes\n"
    "ProtectKernelModules=yes\n"
    "ProtectKernelTunables=yes\n"
    "ProtectProc=invisible\n"
    "LockPersonality=yes\n"
    "MemoryDenyWriteExecute=yes\n"
    "RemoveIPC=yes\n"
    "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK\n"
    "RestrictNamespaces=yes\n"
    "RestrictRealtime=yes\n"
    "RestrictSUIDSGID=yes\n"
    "SystemCallArchitectures=native\n"
    "SystemCallFilter=@system-service\n"
    "SystemCallErrorNumber=EPERM\n";

/* What lies in these directories cannot be reached with ProtectHome. */
static bool in_home(const char *path)
{
    struct moxd_str s = moxd_cstr(path);

    return moxd_str_starts(s, MOXD_STR("/home/")) || moxd_str_starts(s, MOXD_STR("/root/")) ||
           moxd_str_starts(s, MOXD_STR("/run/user/"));
}

/* systemd.service(5): words with spaces are quoted, % begins a specifier. */
static void print_word(const char *s)
{
    bool quote = strpbrk(s, " \t\"\\") != NULL;

    if (quote)
        putchar('"');
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            putchar('\\');
        if (*s == '%')
            putchar('%');
        putchar(*s);
    }
    if (quote)
        putchar('"');
}

static void print_paths(struct moxctl *x, const char *config, const char *data_dir)
{
    const char *moxd = moxctl_find_moxd(x);
    char *real MOXD_CLEANUP(moxd_freep) = realpath(moxd, NULL);

    printf("ExecStart=");
    print_word(real ? real : moxd);
    printf(" -c ");
    print_word(config);
    printf("\nExecReload=/bin/kill -HUP $MAINPID\nReadWritePaths=");
    print_word(data_dir);
    putchar(' ');
    print_word(
        moxd_arena_cstr(x->a, moxd_str(config, (size_t)moxd_str_rchr(moxd_cstr(config), '/'))));
    printf("\nProtectHome=%s\n", in_home(config) || in_home(data_dir) ? "no" : "yes");
}

int moxctl_printservice(struct moxctl *x, int argc, char **argv)
{
    struct moxd_err err = { 0 };
    char *config MOXD_CLEANUP(moxd_freep) = realpath(x->config, NULL);
    const char *socket_path;

    (void)argc, (void)argv;
    if (!config)
        return moxctl_fail(MOXCTL_FAILED, "%s: %s", x->config, strerror(errno));
    socket_path = moxctl_socket(x, &err);
    if (!socket_path)
        return moxctl_fail(MOXCTL_FAILED, "%s", err.priv);
    printf("[Unit]\nDescription=moxd mail server\nDocumentation=man:moxd(8)\n"
           "After=network-online.target\nWants=network-online.target\n\n[Service]\n");
    print_paths(x, config,
                moxd_arena_cstr(x->a, moxd_str(socket_path, strlen(socket_path) - strlen("/ctl"))));
    printf("%s\n[Install]\nWantedBy=multi-user.target\n", service);
    return MOXCTL_OK;
}

#include "core_daemon.h"

int main(int argc, char **argv)
{
    return moxd_daemon_main(argc, argv);
}

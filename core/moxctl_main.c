#include "core_control.h"

int main(int argc, char **argv)
{
    return moxd_moxctl_main(argc, argv);
}

#include "module/head.h"

#include "module/find.h"

enum { HEAD_SIZE = offsetof(struct moxd_module, needs) };

static int check_abi(const struct moxd_module *head, const char **hint, struct moxd_err *err)
{
    if (head->abi_major != MOXD_ABI_MAJOR) {
        *hint = head->abi_major > MOXD_ABI_MAJOR
                    ? "update moxd, or get the module's release for this moxd"
                    : "get a newer release of the module, or build it again with moxd's headers";
        return moxd_err_set(err, MOXD_ERR_INVALID,
                            "is made for module ABI %u.%u, this moxd has %u.%u", head->abi_major,
                            head->abi_minor, MOXD_ABI_MAJOR, MOXD_ABI_MINOR);
    }
    if (head->abi_minor > MOXD_ABI_MINOR) {
        *hint = "update moxd, or build the module again with the headers of this moxd";
        return moxd_err_set(err, MOXD_ERR_INVALID,
                            "is made for a newer moxd: it needs module ABI %u.%u, this moxd has "
                            "%u.%u",
                            head->abi_major, head->abi_minor, MOXD_ABI_MAJOR, MOXD_ABI_MINOR);
    }
    return 0;
}

static int check_size(const struct moxd_module *head, size_t size, const char **hint,
                      struct moxd_err *err)
{
    size_t max = sizeof(struct moxd_module);

    *hint = "build it again, with MOXD_MODULE_HEAD and the headers of this moxd";
    if (head->struct_size < CORE_MODULE_SIZE_1_0 || head->struct_size > max)
        return moxd_err_set(err, MOXD_ERR_INVALID,
                            "says that its table has %u bytes, where ABI %u.%u has %zu",
                            head->struct_size, head->abi_major, head->abi_minor, max);
    if (head->struct_size > size)
        return moxd_err_set(err, MOXD_ERR_INVALID,
                            "says that its table has %u bytes, but only %zu are there",
                            head->struct_size, size);
    return 0;
}

static int check_name(const struct moxd_module *head, struct moxd_str name, const char **hint,
                      struct moxd_err *err)
{
    *hint = "the file must be called as the module, NAME.so, and a name is of a-z, 0-9 and -";
    if (!head->name || !core_module_name_ok(moxd_cstr(head->name)))
        return moxd_err_set(err, MOXD_ERR_INVALID, "has no valid name in its table");
    if (!moxd_str_eqs(name, head->name))
        return moxd_err_set(err, MOXD_ERR_INVALID, "calls itself \"%s\"", head->name);
    *hint = "fill them with MOXD_MODULE_HEAD(name, version, summary)";
    if (!head->version || !head->summary)
        return moxd_err_set(err, MOXD_ERR_INVALID, "has no version or no summary in its table");
    return 0;
}

int core_head_check(const struct moxd_module *head, size_t size, struct moxd_str name,
                    const char **hint, struct moxd_err *err)
{
    *hint = "begin the table with MOXD_MODULE_HEAD(name, version, summary)";
    if (size < HEAD_SIZE)
        return moxd_err_set(err, MOXD_ERR_INVALID,
                            "has a symbol moxd_module of %zu bytes, which is no module table",
                            size);
    if (head->magic != MOXD_MODULE_MAGIC)
        return moxd_err_set(err, MOXD_ERR_INVALID,
                            "has a symbol moxd_module that is no module table (magic %08x)",
                            head->magic);
    if (check_abi(head, hint, err) < 0 || check_size(head, size, hint, err) < 0)
        return -1;
    return check_name(head, name, hint, err);
}

#include "debugger/symbol_child/serve.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "debugger/symbol_child/libdwarf_reader.h"

namespace debugger::symbol_child {
namespace {

bool sendAll(int socket, const void* bytes, size_t size) {
    auto* at = static_cast<const uint8_t*>(bytes);
    while (size) {
        const ssize_t sent = send(socket, at, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return false;
        at += sent;
        size -= static_cast<size_t>(sent);
    }
    return true;
}

bool receiveAll(int socket, void* bytes, size_t size) {
    auto* at = static_cast<uint8_t*>(bytes);
    while (size) {
        const ssize_t got = recv(socket, at, size, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        at += got;
        size -= static_cast<size_t>(got);
    }
    return true;
}

/// The first message and the memory file that comes with it.
int receiveHello(int socket, dwarf::ChildHello& hello) {
    iovec vector{&hello, sizeof hello};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_WAITALL) != static_cast<ssize_t>(sizeof hello))
        return -1;
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (!header || header->cmsg_type != SCM_RIGHTS) return -1;
    int file = -1;
    std::memcpy(&file, CMSG_DATA(header), sizeof file);
    return file;
}

std::vector<NamedSection> mapSections(int file, const dwarf::ChildHello& hello) {
    std::vector<NamedSection> sections;
    if (!hello.bytes) return sections;
    void* mapped = mmap(nullptr, hello.bytes, PROT_READ, MAP_PRIVATE, file, 0);
    if (mapped == MAP_FAILED) return sections;
    const dwarf::Bytes all(static_cast<const uint8_t*>(mapped), hello.bytes);
    for (uint32_t i = 0; i < hello.sectionCount; ++i) {
        const auto& record = hello.sections[i];
        sections.push_back({std::string(record.name, strnlen(record.name, sizeof record.name)),
                            all.subspan(record.offset, record.size)});
    }
    return sections;
}

bool answer(int socket, const dwarf::ChildRequest& request, const engine::Result<dwarf::DieTable>& table) {
    dwarf::ChildReply reply;
    reply.id = request.id;
    std::vector<uint8_t> bytes;
    if (table.ok()) {
        bytes = table->encode();
    } else {
        reply.status = 1;
        bytes.assign(table.error().message.begin(), table.error().message.end());
    }
    reply.size = bytes.size();
    return sendAll(socket, &reply, sizeof reply) && sendAll(socket, bytes.data(), bytes.size());
}

}  // namespace

int serve(int socket) {
    dwarf::ChildHello hello;
    const int file = receiveHello(socket, hello);
    if (file < 0 || hello.magic != dwarf::kChildMagic || hello.version != dwarf::kChildVersion ||
        hello.sectionCount > dwarf::kMaxChildSections)
        return 2;
    auto reader = LibdwarfReader::create(mapSections(file, hello));
    close(file);
    dwarf::ChildRequest request;
    while (receiveAll(socket, &request, sizeof request)) {
        if (request.magic != dwarf::kChildMagic) return 2;
        const auto table =
            reader.ok() ? (*reader)->dieTable(request) : engine::Result<dwarf::DieTable>(reader.error());
        if (!answer(socket, request, table)) return 0;
    }
    return 0;
}

}  // namespace debugger::symbol_child

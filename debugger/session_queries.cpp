// Session, the part that answers questions: breakpoints and whatever is looked at. Each answer comes from one of the small classes.

#include "debugger/explain.h"
#include "debugger/session.h"
#include "wasi/grant_check.h"

namespace debugger {

using engine::Error;
using engine::ErrorCode;

engine::Result<BreakpointInfo> Session::handle(const AddBreakpoint& request) {
    BreakpointSpec spec = request.spec;
    std::unique_ptr<FrameContext> frame;
    if (spec.kind == BreakpointSpec::Kind::Watch && m_state == SessionState::Stopped) {
        frame = TRY(m_frames.context(request.frame));
        spec.offset = frame->address();
    }
    BreakpointInfo info = TRY(request.isRemembered ? m_breakpoints.restore(spec)
                                                   : m_breakpoints.add(spec, frame.get(), m_debuggee.get()));
    applyGate();
    m_emit(BreakpointChanged{info});
    return info;
}

engine::Result<BreakpointInfo> Session::handle(const ChangeBreakpoint& request) {
    BreakpointInfo info = TRY(m_breakpoints.change(request.id, request.spec));
    applyGate();
    m_emit(BreakpointChanged{info});
    return info;
}

engine::Result<BreakpointInfo> Session::handle(const PassHits& request) {
    BreakpointInfo info = TRY(m_breakpoints.passHits(request.id, request.count));
    m_emit(BreakpointChanged{info});
    return info;
}

engine::Result<Done> Session::handle(const RemoveBreakpoint& request) {
    TRY(m_breakpoints.remove(request.id));
    applyGate();
    BreakpointInfo info;
    info.id = request.id;
    m_emit(BreakpointChanged{std::move(info), true});
    return Done{};
}

engine::Result<std::vector<BreakpointInfo>> Session::handle(const ListBreakpoints&) {
    return m_breakpoints.list();
}

engine::Result<StopInfo> Session::handle(const GetStop&) { return m_stop; }

engine::Result<std::vector<StackFrame>> Session::handle(const GetFrames& request) {
    TRY(needStopped());
    return m_frames.slice(request.first, request.count);
}

engine::Result<std::vector<VariableNode>> Session::handle(const GetVariables& request) {
    TRY(needStopped());
    return m_variables.ofFrame(request.frame, request.globals);
}

engine::Result<std::vector<VariableNode>> Session::handle(const GetChildren& request) {
    TRY(needStopped());
    return m_variables.children(request.handle, request.first, request.count);
}

engine::Result<VariableNode> Session::handle(const Evaluate& request) {
    TRY(needStopped());
    return m_variables.evaluate(request.frame, request.expression);
}

engine::Result<VariableNode> Session::handle(const Assign& request) {
    TRY(needStopped());
    return m_variables.assign(request.frame, request.left, request.right);
}

engine::Result<std::string> Session::handle(const GetType& request) {
    TRY(needStopped());
    return m_variables.typeText(request.frame, request.expression);
}

engine::Result<std::vector<WasmValue>> Session::handle(const GetWasmLocals& request) {
    TRY(needStopped());
    if (m_debuggee->machine().depth() == 0) return std::vector<WasmValue>();
    return m_variables.wasmLocals(request.frame);
}

engine::Result<OperandStack> Session::handle(const GetOperandStack& request) {
    TRY(needStopped());
    OperandStack stack;
    if (m_debuggee->machine().depth() == 0) return stack;
    stack.operands = TRY(m_variables.operands(request.frame));
    const StackFrame frame = TRY(m_frames.at(request.frame));
    m_code.describeNext(stack, engine::FuncIdx(frame.location.function), frame.location.offset);
    // Vectors that it takes are shown as it sees them.
    const std::string shape = shapesOf(stack.nextText).operands;
    for (size_t i = stack.operands.size() - std::min<size_t>(stack.takes, stack.operands.size());
         i < stack.operands.size(); i++) {
        const std::string text = textInShape(stack.operands[i].lanes, shape);
        if (!text.empty()) stack.operands[i].value = text;
    }
    return stack;
}

engine::Result<std::vector<WasmValue>> Session::handle(const GetWasmGlobals&) {
    TRY(needStopped());
    return m_variables.wasmGlobals();
}

engine::Result<Explanation> Session::handle(const Explain& request) {
    if (request.offset) {
        if (!m_places) return engine::Error{engine::ErrorCode::State, "no program is loaded"};
        return explainAt(*m_places, *request.offset);
    }
    TRY(needStopped());
    const StackFrame frame = TRY(m_frames.at(request.frame));
    const OperandStack stack = TRY(handle(GetOperandStack{request.frame}));
    Explanation explanation = TRY(explainNext(*m_debuggee, *m_places, frame, stack));
    // What only the run could tell: an exhausted call stack, an exception that nobody catches.
    if (m_stop.reason == StopReason::Trap && frame.wasmFrame == 0 && !explanation.willTrap) {
        explanation.willTrap = true;
        explanation.effect = "trapped: " + m_stop.trapText;
    }
    return explanation;
}

engine::Result<std::vector<MemoryInfo>> Session::handle(const GetMemories&) { return m_memory.memories(); }

engine::Result<MemoryBytes> Session::handle(const ReadMemory& request) {
    return m_memory.read(request, m_generation);
}

engine::Result<Done> Session::handle(const WriteMemory& request) {
    TRY(m_memory.write(request));
    return Done{};
}

engine::Result<std::optional<uint64_t>> Session::handle(const FindInMemory& request) {
    return m_memory.find(request);
}

engine::Result<std::vector<DisassemblyRow>> Session::handle(const Disassemble& request) {
    std::optional<uint32_t> current;
    if (m_state == SessionState::Stopped) current = m_debuggee->machine().location().offset;
    return m_code.disassemble(
        request, current, [this](engine::FuncIdx function) -> engine::Result<engine::MachineCode> {
            if (!m_debuggee->started())
                return engine::Error{
                    engine::ErrorCode::State, "there is machine code only of a program that was started", {}};
            engine::Store& store = m_debuggee->store();
            return store.machineCode(store.instance(m_debuggee->instance()).functions[function.value]);
        });
}

engine::Result<std::vector<ModuleEntry>> Session::handle(const GetModuleEntries& request) {
    return m_code.entries(request);
}

engine::Result<std::vector<SourceFileInfo>> Session::handle(const GetSources&) { return m_code.sources(); }

engine::Result<SourceText> Session::handle(const GetSource& request) { return m_code.source(request.path); }

engine::Result<CallSlice> Session::handle(const GetCalls& request) { return m_calls.slice(request); }

engine::Result<Done> Session::handle(const HoldSearch& request) {
    m_calls.holdSearch(request.isHeld);
    return Done{};
}

engine::Result<std::string> Session::handle(const FollowDescriptor& request) {
    return m_calls.follow(request.sequence, request.number);
}

engine::Result<CallDetail> Session::handle(const GetCall& request) {
    return m_calls.detail(request.sequence);
}

engine::Result<std::vector<OpenFileRow>> Session::handle(const GetOpenFiles&) {
    std::vector<OpenFileRow> rows;
    if (!m_debuggee || !m_debuggee->started()) return rows;
    for (wasi::OpenFile& file : m_debuggee->host().openFiles()) {
        rows.push_back({file.fd, std::move(file.kind), std::move(file.guestPath), std::move(file.hostPath),
                        std::move(file.rights), file.position, file.bytesRead, file.bytesWritten,
                        file.isPreopen});
    }
    return rows;
}

engine::Result<std::vector<wasi::FolderChanges>> Session::handle(const GetFolderChanges& request) {
    if (!m_debuggee || !m_debuggee->started()) return std::vector<wasi::FolderChanges>{};
    auto folders = TRY(m_debuggee->host().folderChanges());
    for (wasi::FolderChanges& folder : folders)
        folder.changes.resize(std::min<uint64_t>(folder.changes.size(), request.most));
    return folders;
}

engine::Result<wasi::LedgerView> Session::handle(const GetLedger&) {
    if (!m_debuggee) return Error{ErrorCode::State, "no program is loaded"};
    if (m_debuggee->started()) return m_debuggee->host().ledger();
    return wasi::ledgerOf(m_debuggee->options().capabilities);
}

engine::Result<wasi::Capabilities> Session::handle(const GetCapabilities&) {
    if (!m_debuggee) return Error{ErrorCode::State, "no program is loaded"};
    return m_debuggee->options().capabilities;
}

engine::Result<std::string> Session::handle(const GrantCapability& request) {
    if (!m_debuggee) return Error{ErrorCode::State, "no program is loaded"};
    wasi::Capabilities granted = m_debuggee->options().capabilities;
    std::string said = wasi::toText(request.grant) + ": from the next start on";
    if (m_debuggee->started())
        said = TRY(m_debuggee->host().grant(request.grant));
    else
        TRY(wasi::checkGrant(request.grant));
    wasi::apply(request.grant, granted);
    m_debuggee->setCapabilities(std::move(granted));
    return said;
}

engine::Result<std::string> Session::handle(const RevokeCapability& request) {
    if (!m_debuggee) return Error{ErrorCode::State, "no program is loaded"};
    wasi::Capabilities granted = m_debuggee->options().capabilities;
    const bool wasGranted = wasi::withdraw(request.name, granted);
    std::string said = printable(request.name) + ": from the next start on";
    if (m_debuggee->started())
        said = TRY(m_debuggee->host().revoke(request.name));
    else if (!wasGranted)
        return Error{ErrorCode::NotFound, "nothing is granted as " + printable(request.name)};
    m_debuggee->setCapabilities(std::move(granted));
    return said;
}

engine::Result<std::string> Session::handle(const GetFolderDiff& request) {
    if (!m_debuggee || !m_debuggee->started()) return std::string();
    return m_debuggee->host().folderDiff(request.guestPath, request.path);
}

engine::Result<uint64_t> Session::handle(const ApplyFolderChanges& request) {
    if (!m_debuggee || !m_debuggee->started())
        return engine::Error{engine::ErrorCode::State, "the program is not started"};
    return m_debuggee->host().applyChanges(request.guestPath);
}

engine::Result<uint64_t> Session::handle(const DiscardFolderChanges& request) {
    if (!m_debuggee || !m_debuggee->started())
        return engine::Error{engine::ErrorCode::State, "the program is not started"};
    return m_debuggee->host().discardChanges(request.guestPath);
}

engine::Result<std::vector<wasi::MockInfo>> Session::handle(const GetMocks&) {
    return m_debuggee ? m_debuggee->mocks() : std::vector<wasi::MockInfo>();
}

engine::Result<std::vector<wasi::MockInfo>> Session::handle(const SetMocks& request) {
    if (!m_debuggee) return engine::Error{engine::ErrorCode::State, "no program is loaded"};
    TRY(m_debuggee->setMocks(request.rules));
    m_emit(MocksChanged{m_debuggee->mocks()});
    return m_debuggee->mocks();
}

engine::Result<OutputSlice> Session::handle(const GetOutput& request) {
    OutputSlice slice;
    if (!m_debuggee || !m_debuggee->started()) return slice;
    tellLogs();  // those that came before this output are known before it
    const wasi::OutputLog& output = m_debuggee->host().output();
    slice.begin = output.begin();
    slice.end = output.end();
    for (wasi::OutputChunk& chunk : output.read(request.position, request.maxBytes)) {
        slice.pieces.push_back({static_cast<uint8_t>(chunk.stream), chunk.position, chunk.syscallSequence,
                                std::move(chunk.bytes)});
    }
    return slice;
}

}  // namespace debugger

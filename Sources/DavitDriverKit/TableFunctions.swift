internal import CDavitDriver
internal import JSON
internal import Linux
internal import Model
internal import Wire

// The functions that the C table points to. Each turns C values into Swift ones, calls, and turns the answer back.

@c func openDriver(
    _ driver: UnsafePointer<davit_driver>, _ host: UnsafePointer<davit_host>, _ configuration: UnsafePointer<CChar>,
    _ length: Int, _ retSelf: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
    _ retReply: UnsafeMutablePointer<davit_reply>
) -> Int32 {
    guard let context = unsafe driver.pointee.context else { return DAVIT_ERROR }
    let export = unsafe Unmanaged<DriverExport>.fromOpaque(context).takeUnretainedValue()
    do {
        let object = try unsafe JSONValue(text: configuration, length)
        let instance = try unsafe export.open(object, AgentLink(host: host))
        unsafe retSelf?.pointee = Unmanaged.passRetained(instance).toOpaque()
        return try unsafe fill(retReply, .success(PackedMessage(NoValue())))
    } catch {
        return unsafe fill(retReply, .failure(error))
    }
}

@c func callDriver(
    _ instance: UnsafeMutableRawPointer?, _ call: UnsafePointer<davit_call>,
    _ retReply: UnsafeMutablePointer<davit_reply>
) -> Int32 {
    guard let instance = unsafe instance else { return DAVIT_ERROR }
    let driver = unsafe Unmanaged<DriverInstance>.fromOpaque(instance).takeUnretainedValue()
    do {
        let message = try unsafe PackedMessage(
            object: JSONValue(text: call.pointee.params, call.pointee.params_length),
            descriptors: copies(of: UnsafeBufferPointer(start: call.pointee.fds, count: call.pointee.fd_count)))
        let method = unsafe String(cString: call.pointee.method)
        let outcome = unsafe driver.call(method, operation: call.pointee.operation, message)
        return unsafe fill(retReply, outcome)
    } catch {
        return unsafe fill(retReply, .failure(error))
    }
}

@c func cancelDriver(_ instance: UnsafeMutableRawPointer?, _ operation: UInt64) {
    guard let instance = unsafe instance else { return }
    unsafe Unmanaged<DriverInstance>.fromOpaque(instance).takeUnretainedValue().cancel(operation)
}

@c func closeDriver(_ instance: UnsafeMutableRawPointer?) {
    guard let instance = unsafe instance else { return }
    unsafe Unmanaged<DriverInstance>.fromOpaque(instance).release()
}

@c func releaseReply(_ reply: UnsafeMutablePointer<davit_reply>) {
    unsafe reply.pointee.owner?.deallocate()
    unsafe reply.pointee.owner = nil
}

using Millrace.Client.Routing;
namespace Millrace.Client.Administration;
/// <summary>S</summary>
public sealed partial class Admin { internal Admin(ClientCore c) { } }

namespace Millrace.Broker.Handlers;

/// <summary>The bit fields of KIP-430, one bit per operation number. Without an authorizer everything that makes sense
/// is allowed.</summary>
static class AuthorizedOperations
{
    const int Read = 1 << 3;
    const int Write = 1 << 4;
    const int Create = 1 << 5;
    const int Delete = 1 << 6;
    const int Alter = 1 << 7;
    const int Describe = 1 << 8;
    const int ClusterAction = 1 << 9;
    const int DescribeConfigs = 1 << 10;
    const int AlterConfigs = 1 << 11;
    const int IdempotentWrite = 1 << 12;

    public const int OfTopic = Read | Write | Create | Delete | Alter | Describe | DescribeConfigs | AlterConfigs;

    public const int OfGroup = Read | Delete | Describe | DescribeConfigs | AlterConfigs;

    public const int OfCluster =
        Create | Alter | Describe | ClusterAction | DescribeConfigs | AlterConfigs | IdempotentWrite;
}

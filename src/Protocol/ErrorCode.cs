namespace Millrace.Protocol;

/// <summary>An error number as brokers answer it. <see cref="ErrorCodes"/> tells its name, text and class.</summary>
public enum ErrorCode : short
{
    /// <summary>The server met an unexpected error.</summary>
    UnknownServerError = -1,

    /// <summary>No error.</summary>
    None = 0,

    /// <summary>The offset is outside the range that the partition holds.</summary>
    OffsetOutOfRange = 1,

    /// <summary>A batch failed its checksum, or its size or format is wrong.</summary>
    CorruptMessage = 2,

    /// <summary>This server does not host the topic or partition.</summary>
    UnknownTopicOrPartition = 3,

    /// <summary>The fetch size is not valid.</summary>
    InvalidFetchSize = 4,

    /// <summary>The partition has no leader just now.</summary>
    LeaderNotAvailable = 5,

    /// <summary>This server is not the leader (or, for a fetch, a replica) of the partition.</summary>
    NotLeaderOrFollower = 6,

    /// <summary>The request timed out on the server.</summary>
    RequestTimedOut = 7,

    /// <summary>The broker is not available.</summary>
    BrokerNotAvailable = 8,

    /// <summary>The replica is not available on the requested broker.</summary>
    ReplicaNotAvailable = 9,

    /// <summary>The batch is larger than the server's max.message.bytes.</summary>
    MessageTooLarge = 10,

    /// <summary>The controller moved to another broker.</summary>
    StaleControllerEpoch = 11,

    /// <summary>The metadata of a committed offset is longer than offset.metadata.max.bytes.</summary>
    OffsetMetadataTooLarge = 12,

    /// <summary>The server dropped the connection before it answered.</summary>
    NetworkException = 13,

    /// <summary>The coordinator is loading its state.</summary>
    CoordinatorLoadInProgress = 14,

    /// <summary>The coordinator is not available.</summary>
    CoordinatorNotAvailable = 15,

    /// <summary>This server is not the coordinator.</summary>
    NotCoordinator = 16,

    /// <summary>The topic name is not valid.</summary>
    InvalidTopicException = 17,

    /// <summary>The request holds a batch larger than the server's segment size.</summary>
    RecordListTooLarge = 18,

    /// <summary>Fewer in-sync replicas than min.insync.replicas asks for; nothing was written.</summary>
    NotEnoughReplicas = 19,

    /// <summary>The batch was written, but to fewer in-sync replicas than asked for.</summary>
    NotEnoughReplicasAfterAppend = 20,

    /// <summary>acks must be 0, 1 or -1.</summary>
    InvalidRequiredAcks = 21,

    /// <summary>The generation is not the group's current one.</summary>
    IllegalGeneration = 22,

    /// <summary>The member's protocol type or protocols do not match the group's.</summary>
    InconsistentGroupProtocol = 23,

    /// <summary>The group id is not valid.</summary>
    InvalidGroupId = 24,

    /// <summary>The coordinator does not know this member.</summary>
    UnknownMemberId = 25,

    /// <summary>The session timeout is outside the server's bounds.</summary>
    InvalidSessionTimeout = 26,

    /// <summary>The group is rebalancing: join again.</summary>
    RebalanceInProgress = 27,

    /// <summary>The size of the committed offset data is not valid.</summary>
    InvalidCommitOffsetSize = 28,

    /// <summary>Not authorized for the topic.</summary>
    TopicAuthorizationFailed = 29,

    /// <summary>Not authorized for the group.</summary>
    GroupAuthorizationFailed = 30,

    /// <summary>Not authorized for the cluster.</summary>
    ClusterAuthorizationFailed = 31,

    /// <summary>A record's timestamp is outside the accepted range.</summary>
    InvalidTimestamp = 32,

    /// <summary>The server does not offer this SASL mechanism.</summary>
    UnsupportedSaslMechanism = 33,

    /// <summary>The request is not valid in the present SASL state.</summary>
    IllegalSaslState = 34,

    /// <summary>The server does not support this version of the request.</summary>
    UnsupportedVersion = 35,

    /// <summary>The topic exists already.</summary>
    TopicAlreadyExists = 36,

    /// <summary>The number of partitions is not valid.</summary>
    InvalidPartitions = 37,

    /// <summary>The replication factor is below 1 or above the number of brokers.</summary>
    InvalidReplicationFactor = 38,

    /// <summary>The replica assignment is not valid.</summary>
    InvalidReplicaAssignment = 39,

    /// <summary>A configuration value is not valid.</summary>
    InvalidConfig = 40,

    /// <summary>This server is not the controller.</summary>
    NotController = 41,

    /// <summary>The request is malformed or contradicts itself.</summary>
    InvalidRequest = 42,

    /// <summary>The stored message format does not support the request.</summary>
    UnsupportedForMessageFormat = 43,

    /// <summary>The request breaks a policy of the server.</summary>
    PolicyViolation = 44,

    /// <summary>A batch's sequence number does not follow the last one of its producer.</summary>
    OutOfOrderSequenceNumber = 45,

    /// <summary>The batch was appended before.</summary>
    DuplicateSequenceNumber = 46,

    /// <summary>The producer's epoch is older than the newest one seen.</summary>
    InvalidProducerEpoch = 47,

    /// <summary>The transaction is not in a state that allows the request.</summary>
    InvalidTxnState = 48,

    /// <summary>The producer id does not belong to the transactional id.</summary>
    InvalidProducerIdMapping = 49,

    /// <summary>The transaction timeout is above the server's maximum.</summary>
    InvalidTransactionTimeout = 50,

    /// <summary>Another step of the same transactional id is still going on.</summary>
    ConcurrentTransactions = 51,

    /// <summary>The transaction coordinator is a stale one.</summary>
    TransactionCoordinatorFenced = 52,

    /// <summary>Not authorized for the transactional id.</summary>
    TransactionalIdAuthorizationFailed = 53,

    /// <summary>Security features are off on this server.</summary>
    SecurityDisabled = 54,

    /// <summary>The operation was not tried, because another one of its batch failed.</summary>
    OperationNotAttempted = 55,

    /// <summary>The server could not read or write its disk.</summary>
    KafkaStorageError = 56,

    /// <summary>The server has no such log directory.</summary>
    LogDirNotFound = 57,

    /// <summary>SASL authentication failed.</summary>
    SaslAuthenticationFailed = 58,

    /// <summary>The server holds no state for this producer id.</summary>
    UnknownProducerId = 59,

    /// <summary>The partition is being reassigned.</summary>
    ReassignmentInProgress = 60,

    /// <summary>Delegation tokens are off on this server.</summary>
    DelegationTokenAuthDisabled = 61,

    /// <summary>The server does not know the delegation token.</summary>
    DelegationTokenNotFound = 62,

    /// <summary>The principal does not own the delegation token.</summary>
    DelegationTokenOwnerMismatch = 63,

    /// <summary>Delegation tokens may not be asked for over this connection.</summary>
    DelegationTokenRequestNotAllowed = 64,

    /// <summary>Not authorized for the delegation token.</summary>
    DelegationTokenAuthorizationFailed = 65,

    /// <summary>The delegation token has expired.</summary>
    DelegationTokenExpired = 66,

    /// <summary>The principal type is not supported.</summary>
    InvalidPrincipalType = 67,

    /// <summary>The group still has members.</summary>
    NonEmptyGroup = 68,

    /// <summary>The group does not exist.</summary>
    GroupIdNotFound = 69,

    /// <summary>The server does not know the fetch session.</summary>
    FetchSessionIdNotFound = 70,

    /// <summary>The fetch session's epoch is not the expected one.</summary>
    InvalidFetchSessionEpoch = 71,

    /// <summary>The leader has no listener of the name the client connected to.</summary>
    ListenerNotFound = 72,

    /// <summary>Deleting topics is off on this server.</summary>
    TopicDeletionDisabled = 73,

    /// <summary>The request's leader epoch is older than the server's.</summary>
    FencedLeaderEpoch = 74,

    /// <summary>The request's leader epoch is newer than the server's.</summary>
    UnknownLeaderEpoch = 75,

    /// <summary>The request version does not allow the batch's compression.</summary>
    UnsupportedCompressionType = 76,

    /// <summary>The broker's epoch has changed.</summary>
    StaleBrokerEpoch = 77,

    /// <summary>The leader's high watermark has not caught up after its election.</summary>
    OffsetNotAvailable = 78,

    /// <summary>Join again with the member id in this answer.</summary>
    MemberIdRequired = 79,

    /// <summary>The preferred leader is not available.</summary>
    PreferredLeaderNotAvailable = 80,

    /// <summary>The group is full.</summary>
    GroupMaxSizeReached = 81,

    /// <summary>Another member took over this static instance id.</summary>
    FencedInstanceId = 82,

    /// <summary>No replica may become leader just now.</summary>
    EligibleLeadersNotAvailable = 83,

    /// <summary>The leader is already the wanted one.</summary>
    ElectionNotNeeded = 84,

    /// <summary>No reassignment is going on.</summary>
    NoReassignmentInProgress = 85,

    /// <summary>The group is subscribed to the topic.</summary>
    GroupSubscribedToTopic = 86,

    /// <summary>A record failed the server's checks.</summary>
    InvalidRecord = 87,

    /// <summary>Offsets of an open transaction are still pending.</summary>
    UnstableOffsetCommit = 88,

    /// <summary>The client exceeded its quota.</summary>
    ThrottlingQuotaExceeded = 89,

    /// <summary>A newer producer with the same transactional id took over.</summary>
    ProducerFenced = 90,

    /// <summary>The resource does not exist.</summary>
    ResourceNotFound = 91,

    /// <summary>The resource is named more than once.</summary>
    DuplicateResource = 92,

    /// <summary>The credential does not meet the rules.</summary>
    UnacceptableCredential = 93,

    /// <summary>The voter set does not match.</summary>
    InconsistentVoterSet = 94,

    /// <summary>The feature version is not valid.</summary>
    InvalidUpdateVersion = 95,

    /// <summary>The feature could not be updated.</summary>
    FeatureUpdateFailed = 96,

    /// <summary>A forwarded principal could not be read.</summary>
    PrincipalDeserializationFailure = 97,

    /// <summary>The snapshot does not exist.</summary>
    SnapshotNotFound = 98,

    /// <summary>The position is outside the snapshot.</summary>
    PositionOutOfRange = 99,

    /// <summary>This server does not host the topic id.</summary>
    UnknownTopicId = 100,

    /// <summary>The broker id is in use.</summary>
    DuplicateBrokerRegistration = 101,

    /// <summary>The broker id is not registered.</summary>
    BrokerIdNotRegistered = 102,

    /// <summary>The topic id does not match the one in the log.</summary>
    InconsistentTopicId = 103,

    /// <summary>The cluster id does not match.</summary>
    InconsistentClusterId = 104,

    /// <summary>The transactional id does not exist.</summary>
    TransactionalIdNotFound = 105,

    /// <summary>The fetch session mixes requests with and without topic ids.</summary>
    FetchSessionTopicIdError = 106,

    /// <summary>The replica may not join the in-sync set.</summary>
    IneligibleReplica = 107,

    /// <summary>The in-sync set changed the leader.</summary>
    NewLeaderElected = 108,

    /// <summary>The offset has moved to tiered storage.</summary>
    OffsetMovedToTieredStorage = 109,

    /// <summary>The member's epoch was fenced: join again.</summary>
    FencedMemberEpoch = 110,

    /// <summary>Another member still holds the static instance id.</summary>
    UnreleasedInstanceId = 111,

    /// <summary>The server does not have the assignor.</summary>
    UnsupportedAssignor = 112,

    /// <summary>The member's epoch is stale: heartbeat and try again.</summary>
    StaleMemberEpoch = 113,

    /// <summary>The request went to the wrong kind of endpoint.</summary>
    MismatchedEndpointType = 114,

    /// <summary>The kind of endpoint is not supported.</summary>
    UnsupportedEndpointType = 115,

    /// <summary>The controller id is not known.</summary>
    UnknownControllerId = 116,

    /// <summary>The telemetry subscription is not the current one.</summary>
    UnknownSubscriptionId = 117,

    /// <summary>The telemetry payload is too large.</summary>
    TelemetryTooLarge = 118,

    /// <summary>The controller registration is not valid.</summary>
    InvalidRegistration = 119,

    /// <summary>The transaction must be aborted; the producer may go on after that.</summary>
    TransactionAbortable = 120,

    /// <summary>The record is not in a state that allows the acknowledgement.</summary>
    InvalidRecordState = 121,

    /// <summary>The server does not know the share session.</summary>
    ShareSessionNotFound = 122,

    /// <summary>The share session's epoch is not the expected one.</summary>
    InvalidShareSessionEpoch = 123,

    /// <summary>The share coordinator fenced the state epoch.</summary>
    FencedStateEpoch = 124,

    /// <summary>The voter key does not match.</summary>
    InvalidVoterKey = 125,

    /// <summary>The voter exists already.</summary>
    DuplicateVoter = 126,

    /// <summary>The voter does not exist.</summary>
    VoterNotFound = 127,

    /// <summary>The regular expression is not valid.</summary>
    InvalidRegularExpression = 128,

    /// <summary>The client's metadata is too old: start again from the bootstrap servers.</summary>
    RebootstrapRequired = 129,
}

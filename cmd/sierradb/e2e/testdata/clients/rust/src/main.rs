//! `sierradb-client` against a server on PORT: it appends and reads with typed
//! functions, subscribes with every form of the SubscriptionManager, receives what
//! is there and what is appended meanwhile, and acknowledges it, mostly in windows
//! of two. It ends with an error when an event is missing, comes twice or comes out
//! of order.

use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

use sierradb_client::{
    AsyncTypedCommands, EAppendOptions, EventSubscription, ExpectedVersion, SierraAsyncClientExt,
    SierraMessage,
};
use tokio::time::timeout;
use uuid::Uuid;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How long an event may take that is there, or was appended just now.
const PATIENCE: Duration = Duration::from_secs(20);

/// Receives n events, each of which it acknowledges, and returns the stream
/// versions and partition sequences with their cursors.
async fn receive(
    what: &str,
    sub: &mut EventSubscription,
    n: usize,
) -> Result<Vec<(u64, u64, u64)>> {
    let mut got = Vec::new();
    while got.len() < n {
        match timeout(PATIENCE, sub.next_message()).await {
            Ok(Some(SierraMessage::Event { event, cursor })) => {
                got.push((event.stream_version, event.partition_sequence, cursor));
                sub.acknowledge_up_to_cursor(cursor).await?;
            }
            Ok(Some(SierraMessage::SubscriptionConfirmed { .. })) => {}
            Ok(None) => return Err(format!("{what}: closed after {} events", got.len()).into()),
            Err(_) => return Err(format!("{what}: only {} of {n} events came", got.len()).into()),
        }
    }
    Ok(got)
}

fn expect<T: PartialEq + std::fmt::Debug>(what: &str, got: T, want: T) -> Result<()> {
    if got != want {
        return Err(format!("{what}: got {got:?}, want {want:?}").into());
    }
    println!("ok {what}");
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let port = std::env::var("PORT")?;
    let client = redis::Client::open(format!("redis://127.0.0.1:{port}?protocol=resp3"))?;
    let mut writer = client.get_multiplexed_async_connection().await?;

    let mut manager = client.subscription_manager().await?;

    let key = Uuid::parse_str("550e8400-e29b-41d4-a716-446655440000")?; // partition 25 of 32
    let mut append = async |version: usize| -> Result<()> {
        let _: redis::Value = redis::cmd("EAPPEND")
            .arg("rust-1")
            .arg("Made")
            .arg("PARTITION_KEY")
            .arg(key.to_string())
            .arg("EXPECTED_VERSION")
            .arg(if version == 0 {
                "empty".to_string()
            } else {
                (version - 1).to_string()
            })
            .arg("PAYLOAD")
            .arg(format!("event {version}"))
            .query_async(&mut writer)
            .await?;
        Ok(())
    };
    for version in 0..5 {
        append(version).await?;
    }

    let mut latest = manager.subscribe_to_all_partitions_from_latest().await?;
    let mut stream = manager
        .subscribe_to_stream_with_partition_and_version_and_window("rust-1", key, 2, 2)
        .await?;
    expect(
        "stream from version 2, window 2",
        receive("stream", &mut stream, 3).await?,
        vec![(2, 2, 2), (3, 3, 3), (4, 4, 4)],
    )?;

    let mut all = manager.subscribe_to_all_partitions(0, Some(2)).await?;
    let want: Vec<_> = (0..5).map(|n| (n, n, n)).collect();
    expect(
        "all partitions from 0, window 2",
        receive("all", &mut all, 5).await?,
        want.clone(),
    )?;

    let mut range = manager
        .subscribe_to_partition_range(20, 31, 0, Some(2))
        .await?;
    expect(
        "range of partitions",
        receive("range", &mut range, 5).await?,
        want.clone(),
    )?;

    let mut one = manager.subscribe_to_partition_from_sequence(25, 3).await?;
    expect(
        "one partition",
        receive("one", &mut one, 2).await?,
        vec![(3, 3, 3), (4, 4, 4)],
    )?;

    let mut keyed = manager
        .subscribe_to_partition_key_from_sequence(key, 4)
        .await?;
    expect(
        "the partition of a key",
        receive("keyed", &mut keyed, 1).await?,
        vec![(4, 4, 4)],
    )?;

    let mut list = manager
        .subscribe_to_partitions_with_sequences(HashMap::from([(25, 1), (3, 0)]), Some(2))
        .await?;
    expect(
        "a list with a sequence each",
        receive("list", &mut list, 4).await?,
        vec![(1, 1, 0), (2, 2, 1), (3, 3, 2), (4, 4, 3)],
    )?;

    let mut fallback = manager
        .subscribe_to_all_partitions_with_fallback(HashMap::from([(25, 4)]), 0, Some(1))
        .await?;
    expect(
        "all with a sequence for some",
        receive("fallback", &mut fallback, 1).await?,
        vec![(4, 4, 0)],
    )?;

    // The other ways to say the same.
    let mut others = vec![
        (
            "stream with key",
            manager
                .subscribe_to_stream_with_partition_key("rust-1", key)
                .await?,
            5,
        ),
        (
            "stream with key and window",
            manager
                .subscribe_to_stream_with_partition_key_and_window("rust-1", key, 2)
                .await?,
            5,
        ),
        (
            "stream with key from 5",
            manager
                .subscribe_to_stream_with_partition_and_version("rust-1", key, 5)
                .await?,
            5,
        ),
        ("partition", manager.subscribe_to_partition(25).await?, 5),
        (
            "partition with window",
            manager.subscribe_to_partition_with_window(25, 2).await?,
            5,
        ),
        (
            "partition from 5 with window",
            manager
                .subscribe_to_partition_from_sequence_with_window(25, 5, 2)
                .await?,
            5,
        ),
        ("key", manager.subscribe_to_partition_key(key).await?, 5),
        (
            "key with window",
            manager
                .subscribe_to_partition_key_with_window(key, 2)
                .await?,
            5,
        ),
        (
            "key from 5 with window",
            manager
                .subscribe_to_partition_key_from_sequence_with_window(key, 5, 2)
                .await?,
            5,
        ),
        (
            "partitions",
            manager.subscribe_to_partitions("20,25", 5, Some(2)).await?,
            0,
        ),
        (
            "all, flexible, from latest",
            manager
                .subscribe_to_all_partitions_flexible(HashMap::new(), None, Some(2))
                .await?,
            0,
        ),
    ];
    // Streams without a key have one of their own.
    let mut own = [
        (
            "stream without key",
            manager.subscribe_to_stream("user-123").await?,
        ),
        (
            "stream without key, window",
            manager
                .subscribe_to_stream_with_window("user-123", 2)
                .await?,
        ),
        (
            "stream without key from 0",
            manager
                .subscribe_to_stream_from_version("user-123", 0)
                .await?,
        ),
        (
            "stream without key from 0, window",
            manager
                .subscribe_to_stream_from_version_with_window("user-123", 0, 2)
                .await?,
        ),
        (
            "stream without key from latest",
            manager.subscribe_to_stream_from_latest("user-123").await?,
        ),
    ];

    append(5).await?;
    for (what, sub, cursor) in &mut others {
        expect(what, receive(what, sub, 1).await?, vec![(5, 5, *cursor)])?;
    }
    let live = [
        ("stream", &mut stream, 5),
        ("all", &mut all, 5),
        ("range", &mut range, 5),
        ("one", &mut one, 5),
        ("keyed", &mut keyed, 5),
        ("list", &mut list, 4),
        ("fallback", &mut fallback, 1),
        ("latest", &mut latest, 0),
    ];
    for (what, sub, cursor) in live {
        expect(
            &format!("{what}, live"),
            receive(what, sub, 1).await?,
            vec![(5, 5, cursor)],
        )?;
    }
    let payload = "{\"name\":\"Zoë\"}\r\n$-1\r\n\x00\x01".as_bytes();
    let options = EAppendOptions::new()
        .payload(payload)
        .expected_version(ExpectedVersion::Empty);
    let appended = writer.eappend("user-123", "UserCreated", options).await?;
    expect(
        "append",
        (appended.partition_id, appended.stream_version),
        (21, 0),
    )?;
    for (what, sub) in &mut own {
        expect(what, receive(what, sub, 1).await?, vec![(0, 0, 0)])?;
    }
    // The typed commands want another reply than the manager does, so that no server
    // can serve both; the connection stays good.
    let refused = [
        writer.esub("user-123").await.is_err(),
        writer.esub_with_partition_key("rust-1", key).await.is_err(),
        writer.esub_from_version("user-123", 1).await.is_err(),
        writer
            .esub_with_partition_and_version("rust-1", key, 9)
            .await
            .is_err(),
        writer.epsub_by_id(3).await.is_err(),
        writer.epsub_by_key(key).await.is_err(),
        writer.epsub_by_id_from_sequence(3, 0).await.is_err(),
        writer.epsub_by_key_from_sequence(key, 9).await.is_err(),
    ];
    expect("typed subscriptions are not to be had", refused, [true; 8])?;
    let page = writer.escan("user-123", 0, None, Some(50)).await?;
    expect(
        "scan",
        page.events
            .iter()
            .map(|e| e.payload.as_slice())
            .collect::<Vec<_>>(),
        vec![payload],
    )?;
    expect(
        "get",
        writer.eget(appended.event_id).await?.map(|e| e.event_id),
        Some(appended.event_id),
    )?;
    expect(
        "version of a stream",
        writer.esver("user-123").await?,
        Some(0),
    )?;
    println!("sierradb-client ok");
    Ok(())
}

//! What is refused before anything is compiled, and in which words.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use capstep_host::sandbox::{
    AbiKind, DeclaredInterfaces, Interface, LoadError, Sandbox, SandboxConfig,
};

use crate::guests;
use crate::support::declared;

/// Loads in a sandbox that counts how often it compiles.
async fn refused(bytes: &[u8], declared: &DeclaredInterfaces) -> LoadError {
    let compiled = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&compiled);
    let config = SandboxConfig {
        on_compile: Some(Arc::new(move |_: &str| {
            counter.fetch_add(1, Ordering::Relaxed);
        })),
        ..SandboxConfig::default()
    };
    let error = Sandbox::new(config)
        .unwrap()
        .load(bytes, declared)
        .await
        .unwrap_err();
    assert_eq!(compiled.load(Ordering::Relaxed), 0, "{error}");
    error
}

async fn check(bytes: &[u8], declared: &DeclaredInterfaces, expected: &str) {
    assert_eq!(refused(bytes, declared).await.to_string(), expected);
}

#[tokio::test]
async fn what_is_no_plugin_is_named() {
    let world = declared(AbiKind::World);
    check(
        b"#!/bin/sh\n",
        &world,
        "this is no WebAssembly; it looks like a script",
    )
    .await;
    let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    let start = own.get(..4096).unwrap();
    check(
        start,
        &world,
        "this is no WebAssembly; it looks like an ELF program or library of this machine",
    )
    .await;
    let large = vec![0; (128 << 20) + 1];
    check(
        &large,
        &world,
        "this is 134217729 bytes; a plugin may have at most 134217728",
    )
    .await;
}

#[tokio::test]
async fn precompiled_code_is_refused() {
    let engine = wasmtime::Engine::default();
    let expected =
        "this is precompiled code, which could do anything; a plugin must be WebAssembly";
    for bytes in [
        engine.precompile_component(b"\0asm\x0d\0\x01\0").unwrap(),
        engine.precompile_module(b"\0asm\x01\0\0\0").unwrap(),
    ] {
        check(&bytes, &declared(AbiKind::World), expected).await;
    }
}

#[tokio::test]
async fn a_broken_file_says_where() {
    let mut bytes = guests::noop();
    bytes.truncate(bytes.len() / 2);
    assert!(matches!(
        refused(&bytes, &declared(AbiKind::World)).await,
        LoadError::Malformed { .. }
    ));
}

#[tokio::test]
async fn the_way_in_must_be_there() {
    let empty = wat::parse_str("(component)").unwrap();
    check(
        &empty,
        &declared(AbiKind::World),
        "this does not export the function `run`, which the way in `world` needs; it exports nothing",
    )
    .await;
    check(
        &guests::noop(),
        &declared(AbiKind::Plain),
        "this does not export the interface `wasi:cli/run@0.2`, which the way in `plain` needs; it exports `run`",
    )
    .await;
    let library = wat::parse_str(r#"(module (func (export "_initialize")))"#).unwrap();
    check(
        &library,
        &declared(AbiKind::Command),
        "this is a WASI library (a reactor: it has no `_start`), not a program; it exports `_initialize`",
    )
    .await;
    assert!(matches!(
        refused(&library, &declared(AbiKind::World)).await,
        LoadError::NotAComponent
    ));
}

#[tokio::test]
async fn all_unknown_imports_are_listed_with_what_there_is() {
    let bytes = wat::parse_str(
        r#"(component
            (import "capstep:step/files@0.2.0" (instance))
            (import "capstep:step/log@0.1.0" (instance))
            (import "wasi:keyvalue/store@0.2.0" (instance))
            (import "other:thing/x" (instance))
            (core module $m (func (export "run")))
            (core instance $i (instantiate $m))
            (func $run (canon lift (core func $i "run")))
            (export "run" (func $run))
        )"#,
    )
    .unwrap();
    check(
        &bytes,
        &declared(AbiKind::World),
        "this imports what this host does not offer: capstep:step/files@0.2.0, \
         wasi:keyvalue/store@0.2.0, other:thing/x; offered are \
         capstep:step/{op, log, time, files, http, tcp, ssh, docker, secrets, state}@0.1.0 and WASI 0.2",
    )
    .await;
    let module =
        wat::parse_str(r#"(module (import "env" "f" (func)) (func (export "_start")))"#).unwrap();
    let LoadError::UnknownImports { imports } = refused(&module, &declared(AbiKind::Command)).await
    else {
        panic!()
    };
    assert_eq!(imports, ["env"]);
}

#[tokio::test]
async fn what_no_input_accounts_for_is_not_linked() {
    let bytes = guests::step(
        r#"(import "capstep:step/secrets@0.1.0" "reveal" (func $reveal (param i32 i32 i32)))
           (import "capstep:step/time@0.1.0" "now" (func $now (result i64)))
           (func (export "run") (param i32 i32) (result i32) (drop (call $now)) unreachable)"#,
    );
    let none = DeclaredInterfaces::new("test", AbiKind::World, []);
    check(
        &bytes,
        &none,
        "this imports `capstep:step/secrets`, which no input of its manifest accounts for",
    )
    .await;
    let secrets = DeclaredInterfaces::new("test", AbiKind::World, [Interface::Secrets]);
    let sandbox = Sandbox::new(SandboxConfig::default()).unwrap();
    sandbox.load(&bytes, &secrets).await.unwrap();
    // The same bytes, compiled once, still judged by each manifest.
    assert!(sandbox.load(&bytes, &none).await.is_err());
}

#[tokio::test]
async fn an_import_with_the_wrong_types_can_not_be_linked() {
    let bytes = wat::parse_str(
        r#"(component
            (import "capstep:step/time@0.1.0" (instance $t (export "now" (func (result string)))))
            (alias export $t "now" (func $now))
            (core module $m (func (export "run")))
            (core instance $i (instantiate $m))
            (func $run (canon lift (core func $i "run")))
            (export "run" (func $run))
        )"#,
    )
    .unwrap();
    let sandbox = Sandbox::new(SandboxConfig::default()).unwrap();
    let error = sandbox
        .load(&bytes, &declared(AbiKind::World))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, LoadError::Link { message } if message.contains("now")),
        "{error}"
    );
}

#[tokio::test]
async fn features_that_are_off_are_refused() {
    for text in [
        r#"(module (memory (export "memory") 1) (func (export "_start") (local i64) (drop (memory.atomic.notify (i32.const 0) (i32.const 0)))))"#,
        r#"(module (memory (export "memory") 1) (tag) (func (export "_start") (throw 0)))"#,
        r#"(module (memory (export "memory") 1) (type $s (struct)) (func (export "_start") (drop (struct.new $s))))"#,
        r#"(module (memory (export "memory") i64 1) (func (export "_start")))"#,
    ] {
        let bytes = wat::parse_str(text).unwrap();
        let sandbox = Sandbox::new(SandboxConfig::default()).unwrap();
        let error = sandbox
            .load(&bytes, &declared(AbiKind::Plain))
            .await
            .unwrap_err();
        assert!(
            matches!(
                error,
                LoadError::Compile { .. } | LoadError::Malformed { .. }
            ),
            "{text}: {error}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_asked_for_at_once_are_compiled_once() {
    let compiled = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&compiled);
    let config = SandboxConfig {
        on_compile: Some(Arc::new(move |name: &str| {
            assert_eq!(name, "test");
            counter.fetch_add(1, Ordering::Relaxed);
        })),
        ..SandboxConfig::default()
    };
    let sandbox = Sandbox::new(config).unwrap();
    let bytes = Arc::new(guests::noop());
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (sandbox, bytes) = (Arc::clone(&sandbox), Arc::clone(&bytes));
        tasks.spawn(async move {
            sandbox
                .load(&bytes, &declared(AbiKind::World))
                .await
                .unwrap()
        });
    }
    tasks.join_all().await;
    assert_eq!(compiled.load(Ordering::Relaxed), 1);
}
